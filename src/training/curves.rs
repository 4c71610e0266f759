//! Loss curves: of one training as one HTML page, and of one fit as text for a terminal.
//!
//! Invariant: the page needs nothing but itself; all fits share one scale; every coordinate is finite.
//! Absent on purpose: printing, files and colours of a terminal; what the finished model is worth (the card tells).

use std::fmt::Write;

use super::learner::Round;

pub(super) const STYLE: &str = include_str!("curves.css");

/// Size of a picture in its own units; the page scales it.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 26.0;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The loss of one fit, round by round.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// `fold 2`, `final`, ...
    pub name: String,
    pub rounds: Vec<Round>,
    /// Number of the round that was kept; 0 while there is none.
    pub best: u32,
    /// Validation loss of always saying the training rows' base rate, where it is known.
    pub base_rate: Option<f64>,
}

/// A training as it is told of.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvesPage<'a> {
    pub title: &'a str,
    /// Sentences above the curves.
    pub remarks: &'a [String],
    pub curves: &'a [Curve],
    /// Makes the training again.
    pub command: &'a str,
}

/// Ranges of a picture.
struct Frame {
    rounds: f64,
    low: f64,
    high: f64,
}

/// The whole page.
pub fn html(page: &CurvesPage<'_>) -> String {
    let title = escaped(page.title);
    let remarks: String = page.remarks.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    let shown: Vec<&Curve> = page.curves.iter().filter(|curve| frame(&[curve]).is_some()).collect();
    let body = match frame(&shown) {
        None => "<p class=\"soft\">No round is finished yet.</p>".to_owned(),
        Some(frame) => {
            let pictures: String = shown.iter().map(|curve| picture(curve, &frame)).collect();
            format!(
                "<section><h2>Loss by round</h2>{KEY}<div class=\"fits\">{pictures}</div></section>\n<section><h2>Rounds that were kept</h2>{}</section>\n",
                table(&shown)
            )
        }
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{title} \u{2013} Kestrel</title><style>{STYLE}</style></head>\n<body><main><header><h1>{title}</h1>{remarks}</header>\n{body}<section><h2>Again</h2><pre>{}</pre></section><footer class=\"soft\">Made by Kestrel. A falling loss is no promise of a profit.</footer></main></body></html>\n",
        escaped(page.command)
    )
}

/// The last values as blocks, the least at the foot and the greatest at the top; more than `width` are averaged.
pub fn sparkline(losses: &[f64], width: usize) -> String {
    let finite: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
    let (count, width) = (finite.len(), width.min(finite.len()));
    let means: Vec<f64> = (0..width)
        .map(|at| &finite[at * count / width..(at + 1) * count / width])
        .map(|part| part.iter().sum::<f64>() / part.len() as f64)
        .collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let block = |mean: &f64| {
        let share = if high > low { (mean - low) / (high - low) } else { 0.0 };
        BLOCKS[((share * (BLOCKS.len() - 1) as f64).round() as usize).min(BLOCKS.len() - 1)]
    };
    means.iter().map(block).collect()
}

/// A fit as lines of text: `●` validation, `·` training, `▲` under the round that was kept. `width` and `height` are those of
/// the plot without its axis; no line is empty, and there is none before the first round.
pub fn plot(curve: &Curve, width: usize, height: usize) -> Vec<String> {
    let Some(frame) = frame(&[curve]).filter(|_| width > 0 && height > 0) else { return Vec::new() };
    let mut grid = vec![vec![' '; width]; height];
    let across = |round: u32| place((f64::from(round) - 1.0) / (frame.rounds - 1.0).max(1.0), width);
    let down = |loss: f64| height - 1 - place((loss - frame.low) / (frame.high - frame.low), height);
    for round in &curve.rounds {
        if round.train_loss.is_finite() {
            grid[down(round.train_loss)][across(round.number)] = '·';
        }
    }
    for round in &curve.rounds {
        if round.validation_loss.is_finite() {
            grid[down(round.validation_loss)][across(round.number)] = '●';
        }
    }
    let label = |at: usize| match at {
        0 => format!("{:.4}", frame.high),
        at if at == height - 1 => format!("{:.4}", frame.low),
        _ => String::new(),
    };
    let line = |(at, cells): (usize, &Vec<char>)| {
        let cells: String = cells.iter().collect();
        format!("{:>8} ┤{}", label(at), cells.trim_end())
    };
    let mut lines: Vec<String> = grid.iter().enumerate().map(line).collect();
    let ticks: String =
        (0..width).map(|at| if curve.best > 0 && at == across(curve.best) { '▲' } else { '─' }).collect();
    lines.push(format!("{:>8} └{ticks}", ""));
    let kept = curve.rounds.iter().find(|round| round.number == curve.best);
    let kept = kept.map_or_else(String::new, |round| {
        format!(": {:.4} in round {} of {}", round.validation_loss, round.number, curve.rounds.len())
    });
    lines.push(format!("{:>8}  {}: ● validation, · training, ▲ kept{kept}", "", curve.name));
    lines
}

const KEY: &str = "<p class=\"key\"><span><i class=\"validation\"></i>validation</span><span><i class=\"train\"></i>training</span><span><i class=\"flat\"></i>always the base rate</span><span class=\"soft\">The dot is the round that was kept. All fits share one scale: the mean log loss, smaller is better.</span></p>";

/// The range of all numbers; `None` where there is no finite loss. The first round's training loss, which tells how a fit
/// began and not how it went, does not stretch it: it is drawn at the edge.
fn frame(curves: &[&Curve]) -> Option<Frame> {
    let rounds = || curves.iter().flat_map(|curve| &curve.rounds);
    let training = rounds().filter(|round| round.number > 1).map(|round| round.train_loss);
    let losses = rounds().map(|round| round.validation_loss).chain(training).filter(|loss| loss.is_finite());
    let wider = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
    let (low, high) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), wider);
    if low > high {
        return None;
    }
    let bases = curves.iter().filter_map(|curve| curve.base_rate).filter(|base| base.is_finite());
    let (low, high) = bases.fold((low, high), wider);
    let air = (0.05 * (high - low)).max(1e-4);
    let last = rounds().map(|round| round.number).max().unwrap_or(1);
    Some(Frame { rounds: f64::from(last), low: low - air, high: high + air })
}

/// The cell of a share of the way, of so many cells.
fn place(share: f64, cells: usize) -> usize {
    ((share.clamp(0.0, 1.0) * (cells - 1) as f64).round() as usize).min(cells - 1)
}

impl Frame {
    fn across(&self, round: f64) -> f64 {
        LEFT + (round - 1.0) / (self.rounds - 1.0).max(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, loss: f64) -> f64 {
        let share = (loss - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn line(&self, class: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
        let points = points.filter(|(_, loss)| loss.is_finite());
        let path: Vec<String> = points.map(|(x, y)| format!("{:.1} {:.1}", self.across(x), self.down(y))).collect();
        if path.is_empty() {
            return String::new();
        }
        format!("<path class=\"line {class}\" d=\"M{}\"/>", path.join(" "))
    }
}

fn picture(curve: &Curve, frame: &Frame) -> String {
    let name = escaped(&curve.name);
    let mut svg = format!(
        "<figure><figcaption>{name}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"loss of {name}\"><title>loss of {name}</title>"
    );
    let end = WIDTH - RIGHT;
    let mut put = |piece: std::fmt::Arguments<'_>| writeln!(svg, "{piece}").unwrap_or_default();
    for tick in round_numbers(frame.low, frame.high, 5) {
        let y = frame.down(tick);
        put(format_args!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
        let (x, at, text) = (LEFT - 7.0, y + 3.5, decimals(tick, frame.high - frame.low));
        put(format_args!("<text x=\"{x:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{text}</text>"));
    }
    for tick in round_numbers(1.0, frame.rounds.max(2.0), 8).into_iter().filter(|tick| tick.fract() == 0.0) {
        let (x, y) = (frame.across(tick), HEIGHT - BOTTOM + 17.0);
        put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{tick}</text>"));
    }
    if let Some(base) = curve.base_rate.filter(|base| base.is_finite()) {
        put(format_args!("{}", frame.line("flat", [(1.0, base), (frame.rounds, base)].into_iter())));
    }
    let points = |of: fn(&Round) -> f64| curve.rounds.iter().map(move |round| (f64::from(round.number), of(round)));
    put(format_args!("{}", frame.line("train", points(|round| round.train_loss))));
    put(format_args!("{}", frame.line("validation", points(|round| round.validation_loss))));
    let best = curve.rounds.iter().find(|round| round.number == curve.best && round.validation_loss.is_finite());
    if let Some(best) = best {
        let (x, y) = (frame.across(f64::from(best.number)), frame.down(best.validation_loss));
        let (number, loss) = (best.number, best.validation_loss);
        put(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>round {number}: {loss:.5}</title></circle>"
        ));
    }
    svg + "</svg></figure>"
}

fn table(curves: &[&Curve]) -> String {
    let row = |curve: &&Curve| {
        let kept = curve.rounds.iter().find(|round| round.number == curve.best);
        let loss = |loss: Option<f64>| {
            loss.filter(|loss| loss.is_finite()).map_or_else(|| "\u{2013}".to_owned(), |loss| format!("{loss:.5}"))
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&curve.name),
            curve.rounds.len(),
            kept.map_or_else(|| "\u{2013}".to_owned(), |round| round.number.to_string()),
            loss(kept.map(|round| round.train_loss)),
            loss(kept.map(|round| round.validation_loss)),
            loss(curve.base_rate),
        )
    };
    let rows: String = curves.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr><th>fit</th><th class=\"n\">rounds</th><th class=\"n\">kept</th><th class=\"n\">training loss</th><th class=\"n\">validation loss</th><th class=\"n\">base rate's</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// About `wanted` numbers of one, two or five times a power of ten, within the range.
pub(super) fn round_numbers(low: f64, high: f64, wanted: u32) -> Vec<f64> {
    let rough = (high - low) / f64::from(wanted.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough);
    let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return Vec::new() };
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last.min(first.saturating_add(99))).map(|at| at as f64 * step).collect()
}

/// A loss with as many decimals as tell ticks of this range apart.
pub(super) fn decimals(loss: f64, range: f64) -> String {
    let places = (1.5 - range.max(1e-9).log10()).ceil().clamp(1.0, 6.0) as usize;
    format!("{loss:.places$}")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, losses: &[(f64, f64)], best: u32) -> Curve {
        let round = |(at, (train_loss, validation_loss)): (usize, &(f64, f64))| Round {
            number: at as u32 + 1,
            of: 20,
            train_loss: *train_loss,
            validation_loss: *validation_loss,
        };
        Curve { name: name.into(), rounds: losses.iter().enumerate().map(round).collect(), best, base_rate: Some(0.61) }
    }

    fn page(curves: &[Curve]) -> String {
        let remarks = ["Trees & <nets>.".to_owned()];
        html(&CurvesPage { title: "kestrel-temporal", remarks: &remarks, curves, command: "kestrel train temporal" })
    }

    #[test]
    fn the_page_shows_each_fit_on_one_scale_and_needs_nothing_else() {
        let one = curve("fold 1", &[(0.66, 0.65), (0.62, 0.615), (0.60, 0.612), (0.58, 0.62)], 3);
        let other = curve("fold 2", &[(0.69, 0.70), (0.64, f64::NAN), (0.61, f64::INFINITY)], 1);
        let page = page(&[one, other, curve("fold 3", &[], 0)]);
        assert_eq!(page.matches("<figure>").count(), 2, "a fit without rounds has no picture");
        assert_eq!(page.matches("<circle").count(), 2);
        assert!(page.contains("Trees &amp; &lt;nets&gt;."));
        for never in ["NaN", "inf", "<script", "http:", "https:", "d=\"M\"", "d=\"\"", "url("] {
            assert!(!page.contains(never), "{never} stands in the page");
        }
        for (open, close) in
            [("<svg", "</svg>"), ("<figure>", "</figure>"), ("<section>", "</section>"), ("<tr>", "</tr>")]
        {
            assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
        }
    }

    #[test]
    fn a_training_without_rounds_says_so() {
        let page = page(&[curve("fold 1", &[], 0), curve("fold 2", &[(f64::NAN, f64::NAN)], 0)]);
        assert!(page.contains("No round is finished yet.") && !page.contains("<svg"));
    }

    #[test]
    fn one_round_and_equal_losses_make_finite_pictures() {
        for losses in [vec![(0.5, 0.5)], vec![(0.5, 0.5); 3]] {
            let mut curve = curve("final", &losses, 1);
            curve.base_rate = None;
            let page = page(std::slice::from_ref(&curve));
            assert!(page.contains("<path class=\"line validation\"") && !page.contains("NaN") && !page.contains("inf"));
            assert_eq!(plot(&curve, 40, 8).len(), 10);
        }
    }

    #[test]
    fn the_plot_marks_the_kept_round_and_fits_its_frame() {
        let curve = curve("fold 1", &[(0.66, 0.65), (0.62, 0.63), (0.60, 0.612), (0.58, 0.62), (0.5, f64::NAN)], 3);
        let lines = plot(&curve, 21, 6);
        assert_eq!(lines.len(), 8);
        assert!(lines[..7].iter().all(|line| line.chars().count() <= 31 && !line.is_empty()), "{lines:#?}");
        assert_eq!(lines[6].chars().skip(10).position(|mark| mark == '▲'), Some(10), "{lines:#?}");
        assert_eq!(lines.concat().matches('●').count(), 5, "four and the one of the key: {lines:#?}");
        assert!(plot(&curve, 0, 6).is_empty());
    }

    #[test]
    fn a_sparkline_has_a_block_for_each_value_or_mean() {
        assert_eq!(sparkline(&[3.0, 2.0, 1.0], 10), "█▅▁");
        assert_eq!(sparkline(&[4.0, 4.0, 1.0, 1.0], 2), "█▁");
        assert_eq!(sparkline(&[1.0, f64::NAN, 1.0], 9), "▁▁");
        assert_eq!(sparkline(&[], 9), "");
    }
}
