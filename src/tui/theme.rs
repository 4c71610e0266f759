//! `Theme`: every colour of the screen, by role.
//!
//! Invariant: only badges, the selected row and the cursor set a background; in `Mono` no role sets any colour; plain
//! text keeps the terminal's own foreground, so a light terminal that was not recognised stays readable.
//! Absent on purpose: reading the environment; it arrives as a function.

use ratatui::style::{Color, Modifier, Style};

/// The colours at hand and the convention for rising prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub palette: Palette,
    pub up: UpColor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// 256 colours on a dark background.
    Dark,
    /// 256 colours on a light background.
    Light,
    /// The sixteen named colours, as the user's terminal defines them.
    Ansi,
    /// No colour at all (<https://no-color.org>).
    Mono,
}

/// The colour of rising prices: green in the West, red in East Asia.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpColor {
    Green,
    Red,
}

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Auto,
    Dark,
    Light,
    Ansi,
}

/// Terminals with 256 colours whose TERM does not say so.
const COLOURFUL: [&str; 10] =
    ["256color", "direct", "truecolor", "kitty", "alacritty", "ghostty", "wezterm", "foot", "iterm", "contour"];

impl Theme {
    /// NO_COLOR wins over everything; then the user's wish; then what TERM, COLORTERM and COLORFGBG tell.
    pub fn detect(wanted: Wanted, up: UpColor, env: impl Fn(&str) -> Option<String>) -> Theme {
        let value = |name: &str| env(name).unwrap_or_default().to_ascii_lowercase();
        let palette = match wanted {
            Wanted::Auto | Wanted::Dark | Wanted::Light | Wanted::Ansi if !value("NO_COLOR").is_empty() => {
                Palette::Mono
            }
            Wanted::Dark => Palette::Dark,
            Wanted::Light => Palette::Light,
            Wanted::Ansi => Palette::Ansi,
            Wanted::Auto => {
                let (term, direct) = (value("TERM"), value("COLORTERM"));
                let rich = ["truecolor", "24bit"].contains(&direct.as_str())
                    || COLOURFUL.iter().any(|known| term.contains(known));
                let bright = matches!(value("COLORFGBG").rsplit(';').next(), Some("7" | "15"));
                match (rich, bright) {
                    (false, _) => Palette::Ansi,
                    (true, true) => Palette::Light,
                    (true, false) => Palette::Dark,
                }
            }
        };
        Theme { palette, up }
    }

    /// Plain text: the terminal's own foreground.
    pub fn text(self) -> Style {
        Style::new()
    }

    /// Secondary text: units, explanations, axis numbers.
    pub fn dim(self) -> Style {
        self.pick(247, 241, None, Modifier::DIM)
    }

    pub fn label(self) -> Style {
        self.pick(109, 24, None, Modifier::empty())
    }

    /// The number beside a label.
    pub fn value(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub fn border(self) -> Style {
        self.pick(240, 250, None, Modifier::DIM)
    }

    /// The border of the focused panel.
    pub fn focus(self) -> Style {
        self.pick(117, 25, Some(Color::Cyan), Modifier::BOLD)
    }

    /// Stands on a border and must not take its colour.
    pub fn title(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD).remove_modifier(Modifier::DIM);
        match self.palette {
            Palette::Dark | Palette::Light | Palette::Ansi => style.fg(Color::Reset),
            Palette::Mono => style,
        }
    }

    /// Gains and rising prices.
    pub fn up(self) -> Style {
        match self.up {
            UpColor::Green => self.green(),
            UpColor::Red => self.red(),
        }
    }

    /// Losses and falling prices.
    pub fn down(self) -> Style {
        match self.up {
            UpColor::Green => self.red(),
            UpColor::Red => self.green(),
        }
    }

    /// Up above zero, down below, dim at zero and where there is no number.
    pub fn signed(self, x: f64) -> Style {
        if x > 0.0 {
            self.up()
        } else if x < 0.0 {
            self.down()
        } else {
            self.dim()
        }
    }

    pub fn warning(self) -> Style {
        self.pick(214, 130, Some(Color::Yellow), Modifier::BOLD)
    }

    pub fn error(self) -> Style {
        self.pick(203, 160, Some(Color::Red), Modifier::BOLD).add_modifier(Modifier::BOLD)
    }

    /// All is well: connected, synchronised, passed. Green whatever the colour of rising prices.
    pub fn good(self) -> Style {
        self.green()
    }

    pub fn accent(self) -> Style {
        self.pick(117, 25, Some(Color::Cyan), Modifier::BOLD)
    }

    /// The selected row of a table.
    pub fn selected(self) -> Style {
        self.plate((231, 24), (16, 153), (Color::Black, Color::Cyan), Modifier::REVERSED)
    }

    /// A key in a hint: `q` quit.
    pub fn key(self) -> Style {
        self.pick(222, 94, Some(Color::Yellow), Modifier::BOLD).add_modifier(Modifier::BOLD)
    }

    /// A rung without risk: demo, paper, testnet.
    pub fn badge_safe(self) -> Style {
        self.plate((16, 79), (231, 23), (Color::Black, Color::Green), Modifier::REVERSED).add_modifier(Modifier::BOLD)
    }

    pub fn badge_warn(self) -> Style {
        self.plate((16, 214), (16, 214), (Color::Black, Color::Yellow), Modifier::REVERSED).add_modifier(Modifier::BOLD)
    }

    /// Real money, or a stop.
    pub fn badge_danger(self) -> Style {
        let mono = Modifier::REVERSED.union(Modifier::UNDERLINED);
        self.plate((231, 160), (231, 160), (Color::White, Color::Red), mono).add_modifier(Modifier::BOLD)
    }

    /// The cursor of a field, and the last price on an axis.
    pub fn cursor(self) -> Style {
        self.plate((16, 253), (231, 238), (Color::Black, Color::White), Modifier::REVERSED)
    }

    /// A line without good or bad.
    pub fn curve(self) -> Style {
        self.pick(117, 25, Some(Color::Cyan), Modifier::empty())
    }

    /// Faster than real time.
    pub fn fast(self) -> Style {
        self.pick(177, 91, Some(Color::Magenta), Modifier::BOLD)
    }

    pub fn stop(self) -> Style {
        self.pick(209, 124, Some(Color::Red), Modifier::empty())
    }

    pub fn target(self) -> Style {
        self.pick(114, 22, Some(Color::Green), Modifier::empty())
    }

    pub fn entry(self) -> Style {
        self.pick(222, 94, Some(Color::Yellow), Modifier::empty())
    }

    pub fn buy(self) -> Style {
        self.up().add_modifier(Modifier::BOLD)
    }

    pub fn sell(self) -> Style {
        self.down().add_modifier(Modifier::BOLD)
    }

    /// A bluish green against a red that is lighter or darker: told apart with a weak red or green sense.
    fn green(self) -> Style {
        self.pick(43, 29, Some(Color::Green), Modifier::BOLD)
    }

    fn red(self) -> Style {
        self.pick(203, 160, Some(Color::Red), Modifier::DIM)
    }

    /// `mono` stands in `Mono`, and in `Ansi` where no named colour is safe on every terminal's background.
    fn pick(self, dark: u8, light: u8, ansi: Option<Color>, mono: Modifier) -> Style {
        match (self.palette, ansi) {
            (Palette::Dark, _) => Style::new().fg(Color::Indexed(dark)),
            (Palette::Light, _) => Style::new().fg(Color::Indexed(light)),
            (Palette::Ansi, Some(named)) => Style::new().fg(named),
            (Palette::Ansi, None) | (Palette::Mono, _) => Style::new().add_modifier(mono),
        }
    }

    /// Foreground and background.
    fn plate(self, dark: (u8, u8), light: (u8, u8), ansi: (Color, Color), mono: Modifier) -> Style {
        let indexed = |(fg, bg): (u8, u8)| Style::new().fg(Color::Indexed(fg)).bg(Color::Indexed(bg));
        match self.palette {
            Palette::Dark => indexed(dark),
            Palette::Light => indexed(light),
            Palette::Ansi => Style::new().fg(ansi.0).bg(ansi.1),
            Palette::Mono => Style::new().add_modifier(mono),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::rgb::{Rgb, rgb};

    const PALETTES: [Palette; 4] = [Palette::Dark, Palette::Light, Palette::Ansi, Palette::Mono];

    /// Contrast ratio from 1 to 21 (WCAG 2.2, section 1.4.3: <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |colour: Rgb| {
            let linear = colour.map(|part| {
                let x = f64::from(part) / 255.0;
                if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Name, style, and whether it is read as text.
    fn roles(theme: Theme) -> Vec<(&'static str, Style, bool)> {
        let styles = [
            ("text", theme.text()),
            ("dim", theme.dim()),
            ("label", theme.label()),
            ("value", theme.value()),
            ("focus", theme.focus()),
            ("title", theme.title()),
            ("up", theme.up()),
            ("down", theme.down()),
            ("warning", theme.warning()),
            ("error", theme.error()),
            ("good", theme.good()),
            ("accent", theme.accent()),
            ("selected", theme.selected()),
            ("key", theme.key()),
            ("badge_safe", theme.badge_safe()),
            ("badge_warn", theme.badge_warn()),
            ("badge_danger", theme.badge_danger()),
            ("cursor", theme.cursor()),
            ("curve", theme.curve()),
            ("fast", theme.fast()),
            ("stop", theme.stop()),
            ("target", theme.target()),
            ("entry", theme.entry()),
            ("buy", theme.buy()),
            ("sell", theme.sell()),
        ];
        let read = styles.into_iter().map(|(name, style)| (name, style, true));
        read.chain([("border", theme.border(), false)]).collect()
    }

    fn with(palette: Palette, up: UpColor) -> Theme {
        Theme { palette, up }
    }

    #[test]
    fn every_text_stands_out_from_its_background() {
        for (palette, ground) in [(Palette::Dark, [0, 0, 0]), (Palette::Light, [255, 255, 255])] {
            for (name, style, read) in roles(with(palette, UpColor::Green)) {
                let under = style.bg.and_then(|bg| rgb(bg, palette)).unwrap_or(ground);
                let Some(over) = style.fg.and_then(|fg| rgb(fg, palette)) else { continue };
                let ratio = contrast(over, under);
                assert!(ratio >= if read { 4.5 } else { 1.5 }, "{palette:?} {name}: contrast {ratio:.2}");
            }
        }
    }

    #[test]
    fn only_badges_selection_and_cursor_set_a_background() {
        let may = ["selected", "badge_safe", "badge_warn", "badge_danger", "cursor"];
        for palette in PALETTES {
            for (name, style, _) in roles(with(palette, UpColor::Green)) {
                let marked = style.bg.is_some() || style.add_modifier.contains(Modifier::REVERSED);
                assert_eq!(marked, may.contains(&name), "{palette:?} {name}");
                if palette == Palette::Mono {
                    assert_eq!((style.fg, style.bg), (None, None), "{name}");
                }
            }
        }
    }

    #[test]
    fn rising_prices_take_the_colour_of_the_region() {
        for palette in PALETTES {
            let (west, east) = (with(palette, UpColor::Green), with(palette, UpColor::Red));
            assert_ne!(west.up(), west.down());
            assert_eq!((west.up(), west.down()), (east.down(), east.up()));
            assert_eq!(west.good(), east.good());
            assert_eq!(
                [1.0, -1.0, 0.0, f64::NAN].map(|x| west.signed(x)),
                [west.up(), west.down(), west.dim(), west.dim()]
            );
        }
    }

    #[test]
    fn the_environment_chooses_the_palette() {
        let detect = |wanted: Wanted, variables: &[(&str, &str)]| {
            let env = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_string());
            Theme::detect(wanted, UpColor::Green, env).palette
        };
        let auto = |variables: &[(&str, &str)]| detect(Wanted::Auto, variables);
        let rich = ("TERM", "xterm-256color");
        assert_eq!(auto(&[rich]), Palette::Dark);
        assert_eq!(auto(&[rich, ("COLORFGBG", "0;default;15")]), Palette::Light);
        assert_eq!(auto(&[rich, ("COLORFGBG", "15;0")]), Palette::Dark);
        assert_eq!(auto(&[rich, ("NO_COLOR", "1")]), Palette::Mono);
        assert_eq!(auto(&[rich, ("NO_COLOR", "")]), Palette::Dark);
        assert_eq!(auto(&[("TERM", "linux")]), Palette::Ansi);
        assert_eq!(auto(&[]), Palette::Ansi);
        assert_eq!(auto(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Palette::Dark);
        assert_eq!(auto(&[("TERM", "xterm-kitty")]), Palette::Dark);
        assert_eq!(detect(Wanted::Light, &[]), Palette::Light);
        assert_eq!(detect(Wanted::Dark, &[("NO_COLOR", "1")]), Palette::Mono);
    }
}
