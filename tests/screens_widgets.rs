//! The drawn parts of the screen at every size and with every number, and the picture of a whole screen.

use kestrel::domain::{Bar, Side, Span, Time};
use kestrel::tui::svg::svg;
use kestrel::tui::theme::{Palette, Theme, UpColor};
use kestrel::tui::widgets::{
    CandleChart, CurveChart, CurveKind, DayBars, Level, LevelKind, Mark, WinBar, aggregate, capacity,
};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Paragraph, Widget};

const THEME: Theme = Theme { palette: Palette::Dark, up: UpColor::Green };
/// 2026-03-01 22:00 UTC.
const START: i64 = 1_772_402_400;

fn minute(n: i64) -> Time {
    Time(START * 1_000_000).plus(Span(n * Span::MINUTE.0))
}

fn bar(n: i64, [open, high, low, close]: [f64; 4], volume: f64) -> Bar {
    Bar { open_time: minute(n), open, high, low, close, volume }
}

/// A wave with noise of its own around this price.
fn wave(count: i64, price: f64) -> Vec<Bar> {
    let mut last = price;
    let mut noise = 0.37_f64;
    let mut bars = Vec::new();
    for n in 0..count {
        noise = (noise * 997.13 + 0.317).fract();
        let trend = (n as f64 / 19.0).sin() * 0.0006 + (n as f64 / 7.0).cos() * 0.0003;
        let close = last * (1.0 + trend + (noise - 0.5) * 0.0016);
        let (high, low) = (last.max(close) * (1.0 + 0.0007 * noise), last.min(close) * (1.0 - 0.0006 * (1.0 - noise)));
        bars.push(bar(n, [last, high, low, close], 3.0 + 40.0 * noise * noise));
        last = close;
    }
    bars
}

fn chart<'a>(bars: &'a [Bar], decimals: u8) -> CandleChart<'a> {
    CandleChart { bars, forming: None, marks: &[], lines: &[], decimals, minutes: 1, volume: false, theme: THEME }
}

fn drawn(widget: impl Widget, width: u16, height: u16) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    widget.render(buffer.area, &mut buffer);
    text(&buffer)
}

fn text(buffer: &Buffer) -> Vec<String> {
    let row = |y: u16| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_string()).collect()
}

/// Draws inside a larger buffer and checks that nothing else changed.
fn stays_inside(widget: impl Widget, area: Rect) -> Result<(), TestCaseError> {
    let mut buffer = Buffer::filled(Rect::new(3, 2, 90, 50), Cell::new("@"));
    widget.render(area, &mut buffer);
    for y in 2..52 {
        for x in 3..93 {
            let inside = area.contains((x, y).into());
            prop_assert!(inside || buffer[(x, y)] == Cell::new("@"), "drawn at {x},{y} outside of {area}");
        }
    }
    Ok(())
}

fn any_area() -> impl Strategy<Value = Rect> {
    (0..100_u16, 0..60_u16, 0..100_u16, 0..60_u16).prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 1.0..2.0_f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, 1e-8, 1.23e-6, 1e15, 1e30, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::NAN]),
    ]
}

fn any_bar() -> impl Strategy<Value = Bar> {
    let time = prop_oneof![8 => (-500..3_000_i64).prop_map(minute), 1 => any::<i64>().prop_map(Time)];
    (time, prop::array::uniform4(any_number()), any_number(), any::<bool>()).prop_map(
        |(open_time, prices, volume, sorted)| {
            let [a, b, c, d] = prices;
            let (high, low) = (a.max(b).max(c).max(d), a.min(b).min(c).min(d));
            let (high, low) = if sorted { (high, low) } else { (c, d) };
            Bar { open_time, open: a, high, low, close: b, volume }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_candle_chart_stays_inside_with_any_numbers(
        area in any_area(),
        bars in prop::collection::vec(any_bar(), 0..200),
        forming in prop::option::of(any_bar()),
        marks in prop::collection::vec((any::<i64>(), -500..3_000_i64, any_number(), any::<bool>()), 0..9),
        lines in prop::collection::vec((any_number(), 0..4_usize, "[a-z損 ]{0,9}"), 0..6),
        (decimals, minutes, volume) in (any::<u8>(), any::<u32>(), any::<bool>()),
    ) {
        let marks: Vec<Mark> = marks
            .into_iter()
            .map(|(wild, near, price, buy)| Mark {
                time: if wild % 5 == 0 { Time(wild) } else { minute(near) },
                price,
                side: if buy { Side::Buy } else { Side::Sell },
            })
            .collect();
        let kinds = [LevelKind::Last, LevelKind::Entry, LevelKind::Stop, LevelKind::Target];
        let lines: Vec<Level> =
            lines.iter().map(|(price, kind, label)| Level { price: *price, kind: kinds[*kind], label }).collect();
        let whole = aggregate(bars.iter(), minutes % 300);
        for bars in [&bars, &whole] {
            let chart = CandleChart { bars, forming, marks: &marks, lines: &lines, decimals, minutes, volume, theme: THEME };
            stays_inside(chart, area)?;
        }
    }

    #[test]
    fn curves_and_bars_stay_inside_with_any_numbers(
        area in any_area(),
        points in prop::collection::vec((any_number(), any_number()), 0..300),
        days in prop::collection::vec((prop_oneof![8 => 20_000..20_090_i64, 1 => any::<i64>()], any_number(), any::<bool>()), 0..60),
        baseline in prop::option::of(any_number()),
        (wins, losses) in (any::<u64>(), any::<u64>()),
        shift in 0..64_u32,
    ) {
        for kind in [CurveKind::Line, CurveKind::Underwater] {
            let format = |x: f64| format!("{x:.2}");
            stays_inside(CurveChart { points: &points, baseline, kind, format, theme: THEME }, area)?;
        }
        let days: Vec<(i64, f64)> = days.into_iter().map(|(day, x, loss)| (day, if loss { -x } else { x })).collect();
        stays_inside(DayBars { days: &days, theme: THEME }, area)?;
        stays_inside(WinBar { wins: wins >> shift, losses: losses >> shift, theme: THEME }, area)?;
        stays_inside(WinBar { wins: 0, losses: losses >> shift, theme: THEME }, area)?;
    }

    #[test]
    fn a_picture_of_any_cells_is_whole(cells in prop::collection::vec("\\PC{0,2}", 0..60), width in 0..12_u16, height in 0..6_u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for (cell, symbol) in buffer.content.iter_mut().zip(&cells) {
            cell.set_symbol(symbol);
        }
        let picture = svg(&buffer, THEME, "<&>");
        prop_assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        prop_assert_eq!(picture.matches("<text ").count(), picture.matches("</text>").count());
        prop_assert!(!picture.contains("NaN") && !picture.contains("inf"));
    }
}

/// All widgets on one screen.
fn board(width: u16, height: u16, theme: Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let bars = wave(400, 64_250.0);
    let (left, below) = (width * 2 / 3, height * 2 / 3);
    let frame = |x: u16, y: u16, width: u16, height: u16, title: &'static str, buffer: &mut Buffer| {
        let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border()).title(title);
        let area = Rect::new(x, y, width, height);
        let inner = block.inner(area);
        block.title_style(theme.title()).render(area, buffer);
        inner
    };
    let inner = frame(0, 0, left, below, " BTCUSDT 1m ", &mut buffer);
    let shown = usize::from(inner.width / 2) - 6;
    let bars = &bars[..bars.len() - 1];
    let last = bars[bars.len() - 1];
    let marks = [
        Mark { time: bars[bars.len() - 20].open_time, price: 1.0, side: Side::Buy },
        Mark { time: bars[bars.len() - 8].open_time, price: 1.0, side: Side::Sell },
    ];
    let entry = bars[bars.len() - 20].close;
    let lines = [
        Level { price: last.close, kind: LevelKind::Last, label: "" },
        Level { price: entry, kind: LevelKind::Entry, label: "entry" },
        Level { price: entry * 0.985, kind: LevelKind::Stop, label: "stop" },
        Level { price: entry * 1.006, kind: LevelKind::Target, label: "target" },
    ];
    let forming = Some(Bar { open_time: minute(399), open: last.close, ..last });
    let wide = &bars[bars.len() - shown..];
    let volume = true;
    CandleChart { bars: wide, forming, marks: &marks, lines: &lines, decimals: 2, minutes: 1, volume, theme }
        .render(inner, &mut buffer);

    let inner = frame(left, 0, width - left, below / 2, " 5m ", &mut buffer);
    let fives = aggregate(bars.iter(), 5);
    CandleChart { bars: &fives, forming: None, marks: &[], lines: &[], decimals: 2, minutes: 5, volume, theme }
        .render(inner, &mut buffer);
    let inner = frame(left, below / 2, width - left, below - below / 2, " text 行情 ", &mut buffer);
    let badge = ratatui::text::Line::from(vec![
        ratatui::text::Span::styled(" DEMO ", theme.badge_safe()),
        " ".into(),
        ratatui::text::Span::styled(" TESTNET ", theme.badge_warn()),
        " ".into(),
        ratatui::text::Span::styled(" LIVE ", theme.badge_danger()),
    ]);
    let line = |text: &'static str, style| ratatui::text::Line::styled(text, style);
    Paragraph::new(vec![
        badge,
        line("equity  10 234.56  +2.35 %", theme.up()),
        line("drawdown          -0.81 %", theme.down()),
        line("label", theme.label()),
        line("value 12", theme.value()),
        line("dim text", theme.dim()),
        line(" selected row ▲ ", theme.selected()),
        line("warning", theme.warning()),
        line("error", theme.error()),
        line("q quit  ? help", theme.key()),
    ])
    .render(inner, &mut buffer);

    let rest = height - below;
    let equity: Vec<(f64, f64)> =
        bars.iter().enumerate().map(|(n, bar)| (n as f64 * 60.0, bar.close / 6.425)).collect();
    let inner = frame(0, below, width / 3, rest, " equity ", &mut buffer);
    let format = |x: f64| format!("{x:.2}");
    let baseline = Some(equity[0].1);
    CurveChart { points: &equity, baseline, kind: CurveKind::Line, format, theme }.render(inner, &mut buffer);
    let mut peak = 0.0_f64;
    let depth: Vec<(f64, f64)> = equity
        .iter()
        .map(|(x, y)| {
            peak = peak.max(*y);
            (*x, (y / peak - 1.0) * 100.0)
        })
        .collect();
    let inner = frame(width / 3, below, width / 3, rest, " drawdown ", &mut buffer);
    let format = |x: f64| format!("{x:.2} %");
    CurveChart { points: &depth, baseline: None, kind: CurveKind::Underwater, format, theme }
        .render(inner, &mut buffer);
    let inner = frame(width / 3 * 2, below, width - width / 3 * 2, rest, " days ", &mut buffer);
    let days: Vec<(i64, f64)> = (0..30).map(|n| (20_000 + n, ((n * n) as f64 * 0.37).sin() * 80.0 + 12.0)).collect();
    DayBars { days: &days, theme }.render(Rect { height: inner.height.saturating_sub(2), ..inner }, &mut buffer);
    let row = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    WinBar { wins: 17, losses: 9, theme }.render(row, &mut buffer);
    buffer
}

#[test]
fn a_picture_of_a_full_screen_is_small_and_holds_every_letter() {
    let buffer = board(160, 48, THEME);
    let picture = svg(&buffer, THEME, "kestrel");
    assert!(picture.len() < 200_000, "{} bytes", picture.len());
    assert!(picture.contains(">BTCUSDT 1m<") && picture.contains(">情</text>") && picture.contains("textLength"));
    if let Ok(folder) = std::env::var("KESTREL_PICTURES") {
        for (name, palette) in
            [("dark", Palette::Dark), ("light", Palette::Light), ("ansi", Palette::Ansi), ("mono", Palette::Mono)]
        {
            let theme = Theme { palette, up: UpColor::Green };
            let picture = svg(&board(120, 40, theme), theme, "kestrel 120x40");
            std::fs::write(format!("{folder}/{name}.svg"), picture).expect("a file");
        }
        std::fs::write(format!("{folder}/large.svg"), picture).expect("a file");
    }
}

/// Up with wicks, down from its high, three level ones, the same price all minute, down with a lower wick.
fn shapes() -> Vec<Bar> {
    vec![
        bar(0, [10.0, 12.0, 9.0, 11.0], 1.0),
        bar(1, [11.0, 13.0, 11.0, 11.0], 1.0),
        bar(2, [11.0, 11.0, 8.0, 11.0], 1.0),
        bar(3, [11.0, 13.0, 8.0, 11.0], 1.0),
        bar(4, [11.0, 11.0, 11.0, 11.0], 1.0),
        bar(5, [11.0, 11.0, 8.5, 9.0], 1.0),
    ]
}

#[test]
fn each_kind_of_bar_has_its_shape() {
    let wide = [
        "     │   │",
        "     │   │",
        "   │ │   │     12.0",
        "   █ ┴ ┬ ┼ ─ ▄",
        "   █   │ │   █",
        "   █   │ │   █ 10.0",
        "┈┈┈│┈┈┈│┈│┈┈┈█ 9.0",
        "       │ │   │",
        "       │ │     8.0",
        " 22:00     22:05",
    ];
    assert_eq!(drawn(chart(&shapes(), 1), 20, 10), wide);
    // Too narrow for gaps: heavy lines keep neighbours apart.
    let narrow = drawn(chart(&shapes(), 1), 13, 10);
    assert_eq!(narrow[3..6], [" ╽┴┬┼─╻", " ┃ ││ ┃", " ╿ ││ ┃ 10.0"]);
}

#[test]
fn tiny_and_constant_prices_have_a_readable_axis() {
    let tiny = |n: i64| bar(n, [1.23e-6, 1.24e-6, 1.23e-6, if n % 2 == 0 { 1.24e-6 } else { 1.23e-6 }], 1e9);
    let rows = drawn(chart(&(0..6).map(tiny).collect::<Vec<_>>(), 8), 30, 10);
    assert_eq!(rows[3], "       █ │ █ │ █ │ 0.00000124");
    assert_eq!(rows[6], "┈┈┈┈┈┈┈▀┈┴┈▀┈┴┈▀┈┴ 0.00000123");
    let flat: Vec<Bar> = (0..6).map(|n| bar(n, [5e4; 4], 0.0)).collect();
    let rows = drawn(CandleChart { volume: true, ..chart(&flat, 2) }, 30, 14);
    assert_eq!(rows[5], "┈┈┈┈┈┈┈┈┈─┈─┈─┈─┈─┈─ 50000.00");
}

#[test]
fn a_far_level_is_an_arrow_at_the_edge_and_a_near_one_widens_the_range() {
    let bars = wave(20, 100.0);
    let high = bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    let low = bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let lines = [
        Level { price: high + (high - low), kind: LevelKind::Target, label: "target" },
        Level { price: low * 0.5, kind: LevelKind::Stop, label: "stop" },
    ];
    let rows = drawn(CandleChart { lines: &lines, ..chart(&bars, 2) }, 60, 21);
    assert!(rows[0].starts_with("target ╌") && rows[0].ends_with(&format!(" {:.2}", lines[0].price)), "{rows:#?}");
    assert!(rows[19].starts_with("↓ stop") && rows[19].ends_with(&format!(" {:.2}", lines[1].price)), "{rows:#?}");
    let held = rows.iter().filter(|row| row.contains(['┃', '│', '█', '╽', '╿', '▄', '▀', '╷', '╵'])).count();
    assert!(held * 10 >= 20 * 4, "candles keep {held} of 20 rows: {rows:#?}");
}

#[test]
fn fills_are_arrows_under_a_buy_and_over_a_sell() {
    let bars: Vec<Bar> = (0..6).map(|n| bar(n, [10.0, 12.0, 8.0, 11.0], 1.0)).collect();
    let mark = |n, side| Mark { time: minute(n).plus(Span(59 * Span::SECOND.0)), price: 11.0, side };
    let marks = [mark(2, Side::Buy), mark(4, Side::Sell), mark(77, Side::Buy)];
    let lines = [
        Level { price: 15.0, kind: LevelKind::Target, label: "" },
        Level { price: 5.0, kind: LevelKind::Stop, label: "" },
    ];
    let rows = drawn(CandleChart { marks: &marks, lines: &lines, ..chart(&bars, 1) }, 20, 16);
    let all = rows.join("\n");
    assert_eq!((all.matches('▲').count(), all.matches('▼').count()), (1, 1), "{all}");
    let at = |symbol| rows.iter().enumerate().find_map(|(y, row)| Some((row.chars().position(|c| c == symbol)?, y)));
    let column = |x: usize| rows.iter().map(|row| row.chars().nth(x).unwrap_or(' ')).collect::<Vec<_>>();
    let (x, y) = at('▲').expect("a buy");
    assert!(column(x)[y - 1] != ' ' && column(x)[..y].contains(&'█'), "{all}");
    let (x, y) = at('▼').expect("a sell");
    assert!(column(x)[y + 1] != ' ' && column(x)[y..].contains(&'█'), "{all}");
}

#[test]
fn the_time_axis_shows_round_minutes_and_the_day_that_begins() {
    let rows = drawn(chart(&wave(150, 100.0), 2), 160, 8);
    let expected = [
        "22:00", "22:10", "22:20", "22:30", "22:40", "22:50", "23:00", "23:10", "23:20", "23:30", "23:40", "23:50",
        "03-02", "00:10", "00:20",
    ];
    assert_eq!(rows[7].split_whitespace().collect::<Vec<_>>(), expected);
}

#[test]
fn a_chart_shows_as_many_candles_as_it_says_fit() {
    let bars: Vec<Bar> = (0..200).map(|n| bar(n, [5.0, 9.0, 1.0, 6.0], 1.0)).collect();
    for width in [12_u16, 40, 120] {
        let rows = drawn(chart(&bars, 2), width, 10);
        let shown = rows[5].chars().filter(|symbol| "│┃╽╿".contains(*symbol)).count();
        assert!(shown <= capacity(width) && shown + 6 >= capacity(width), "{shown} of {} at {width}", capacity(width));
    }
}

#[test]
fn bars_join_at_multiples_of_their_length() {
    // 22:03 to 22:11 in bars of five minutes: 22:00, 22:05, 22:10.
    let bars: Vec<Bar> =
        (3..=11).map(|n| bar(n, [n as f64, n as f64 + 2.0, n as f64 - 2.0, n as f64 + 1.0], 1.0)).collect();
    let joined = aggregate(bars.iter(), 5);
    let expected =
        [bar(0, [3.0, 6.0, 1.0, 5.0], 2.0), bar(5, [5.0, 11.0, 3.0, 10.0], 5.0), bar(10, [10.0, 13.0, 8.0, 12.0], 2.0)];
    assert_eq!(joined, expected);
    assert_eq!(aggregate(bars.iter(), 1), bars);
}

#[test]
fn a_curve_keeps_its_labels_beside_it() {
    let points: Vec<(f64, f64)> = (0..100).map(|n| (f64::from(n), (f64::from(n) / 9.0).sin())).collect();
    let format = |x: f64| format!("{x:+.2}");
    let curve = |kind| CurveChart { points: &points, baseline: Some(0.0), kind, format, theme: THEME };
    let line = drawn(curve(CurveKind::Line), 40, 8);
    assert_eq!(line[0], "  ⢀⡼⠉⠉⠳⡄              ⣰⠋⠉⠳⣄        +1.00");
    assert_eq!(line[3], "⣸⠁┈┈┈┈┈┈┈⢳⡀┈┈┈┈┈┈┈┈⢰⠃┈┈┈┈┈┈┈⠹⡄┈┈┈┈");
    assert_eq!(line[7], "            ⠙⢦⣀⣠⠞              ⠈⢧⣀ -1.00");
    let under = drawn(curve(CurveKind::Underwater), 40, 8);
    assert_eq!(under[0], "⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⣿⣿⣿⣿⣿⣿⣿⣿⣿⡟⠉⠉⠉⠉⠉⠉⠉⠉⠉⣿⣿⣿⣿⣿ +0.00");
    assert_eq!(under[7], "             ⠻⣿⡿⠃               ⠹⣿ -1.00");
}

#[test]
fn days_stand_on_their_side_of_zero_and_wins_against_losses() {
    let days: Vec<(i64, f64)> = (0..12).filter(|n| *n != 4).map(|n| (n, (n - 5) as f64)).collect();
    let bars = |width, height| drawn(DayBars { days: &days, theme: THEME }, width, height);
    assert_eq!(bars(13, 4), ["          ▃▅█", "      ·▃▅████", " ███▀", " ▀▀"]);
    assert_eq!(bars(12, 1), ["▼▼▼▼ ·▲▲▲▲▲▲"]);
    let wins = |wins, losses| drawn(WinBar { wins, losses, theme: THEME }, 24, 1).concat();
    assert_eq!(wins(3, 1), "3 ███████████████░░░░░ 1");
    assert_eq!(wins(0, 0), "0 ···················· 0");
    assert_eq!(wins(999, 1), "999 █████████████████░ 1");
}

#[test]
fn a_picture_states_lengths_and_escapes_text() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 22, 2));
    buffer.set_string(0, 0, "a <b>  ██│", THEME.text());
    buffer.set_string(0, 1, "行x", THEME.badge_danger());
    let picture = svg(&buffer, THEME, "t & u");
    assert!(picture.contains(r#"<text x="14" y="47.5" textLength="45">a &lt;b&gt;</text>"#), "{picture}");
    // Two blocks are one rectangle, the line stands in the middle of its cell.
    assert!(picture.contains("M77 34h18v18h-18z") && picture.contains("M99 34h1v18h-1z"), "{picture}");
    assert!(
        picture.contains(r#"textLength="18">行</text>"#) && picture.contains(r#"textLength="9">x</text>"#),
        "{picture}"
    );
    assert!(picture.contains("#d70000") && picture.contains("t &amp; u"), "{picture}");
}
