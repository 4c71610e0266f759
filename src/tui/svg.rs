//! `svg`: a rendered screen as a picture that every browser shows alike.
//!
//! Invariant: the picture stands alone (no script, no foreign font, no link), and each cell lies where the terminal has it:
//! every run of text states its own length, and blocks, lines and dots are geometry.
//! Absent on purpose: blinking, and images of the terminal's own protocols.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use self::glyphs::{Box4, HALF, HIGH, Shape, WIDE, shape};
use super::rgb::{Rgb, ground, mix, rgb};
use super::theme::Theme;

mod glyphs;

/// Around the cells, and above them for the title.
const MARGIN: f64 = 14.0;
const TITLE: f64 = 34.0;
/// Of the letters, from the cell's top.
const BASELINE: f64 = 13.5;
const FONTS: &str =
    "ui-monospace,'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono','Noto Sans Mono',monospace";

/// A stand-alone SVG of the buffer inside a window frame with the title. `Ansi` and `Mono` are shown on dark.
pub fn svg(buffer: &Buffer, theme: Theme, title: &str) -> String {
    let mut picture = Picture::new(theme);
    for row in 0..buffer.area.height {
        let mut column = 0;
        while column < buffer.area.width {
            let Some(cell) = buffer.cell((buffer.area.x + column, buffer.area.y + row)) else { break };
            let columns = cell.symbol().width().clamp(1, usize::from(buffer.area.width - column));
            picture.cell(usize::from(column), usize::from(row), cell, columns);
            column += columns as u16;
        }
        picture.end_run();
    }
    picture.print(f64::from(buffer.area.width) * WIDE, f64::from(buffer.area.height) * HIGH, title)
}

/// What is drawn, by layer and colour, so that each colour is named once.
struct Picture {
    theme: Theme,
    backgrounds: BTreeMap<Rgb, Vec<Box4>>,
    filled: BTreeMap<Rgb, Vec<Box4>>,
    bends: BTreeMap<Rgb, String>,
    triangles: BTreeMap<Rgb, String>,
    /// Horizontal strokes by colour, kind and height in quarter units: x and length.
    strokes: BTreeMap<(Rgb, Stroke, u32), Vec<(f64, f64)>>,
    texts: BTreeMap<Letters, String>,
    run: Option<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stroke {
    Long,
    Short,
    Dots,
}

/// The style of a run of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Letters {
    colour: Rgb,
    bold: bool,
    italic: bool,
}

/// Text of one style on one row; blanks are kept back until a letter follows.
struct Run {
    letters: Letters,
    row: usize,
    from: usize,
    to: usize,
    text: String,
}

impl Picture {
    fn new(theme: Theme) -> Picture {
        Picture {
            theme,
            backgrounds: BTreeMap::new(),
            filled: BTreeMap::new(),
            bends: BTreeMap::new(),
            triangles: BTreeMap::new(),
            strokes: BTreeMap::new(),
            texts: BTreeMap::new(),
            run: None,
        }
    }

    fn cell(&mut self, column: usize, row: usize, cell: &Cell, columns: usize) {
        let (x, y) = (MARGIN + column as f64 * WIDE, TITLE + row as f64 * HIGH);
        let (ink, plate) = self.colours(cell);
        let width = columns as f64 * WIDE;
        if let Some(plate) = plate {
            add(self.backgrounds.entry(plate).or_default(), [x, y, width, HIGH]);
        }
        if cell.modifier.contains(Modifier::UNDERLINED) {
            add(self.filled.entry(ink).or_default(), [x, y + 16.0, width, 1.0]);
        }
        if cell.modifier.contains(Modifier::CROSSED_OUT) {
            add(self.filled.entry(ink).or_default(), [x, y + 9.0, width, 1.0]);
        }
        if cell.symbol().trim().is_empty() || cell.modifier.contains(Modifier::HIDDEN) {
            return;
        }
        match shape(cell.symbol()) {
            Some(shape) => self.shape(x, y, &shape, ink, plate),
            None => {
                let bold = cell.modifier.contains(Modifier::BOLD);
                let letters = Letters { colour: ink, bold, italic: cell.modifier.contains(Modifier::ITALIC) };
                self.letter(column, row, cell.symbol(), columns, letters);
            }
        }
    }

    /// The colour of the glyph, and of its cell where it is not the window's.
    fn colours(&self, cell: &Cell) -> (Rgb, Option<Rgb>) {
        let palette = self.theme.palette;
        let (ground, own) = ground(palette);
        let (fg, bg) = (rgb(cell.fg, palette), rgb(cell.bg, palette));
        let reversed = cell.modifier.contains(Modifier::REVERSED);
        let (ink, plate) = match reversed {
            true => (bg.unwrap_or(ground), Some(fg.unwrap_or(own))),
            false => (fg.unwrap_or(own), bg.filter(|_| cell.bg != Color::Reset)),
        };
        let dim = cell.modifier.contains(Modifier::DIM);
        (if dim { mix(ink, plate.unwrap_or(ground), 0.6) } else { ink }, plate)
    }

    fn shape(&mut self, x: f64, y: f64, shape: &Shape, ink: Rgb, plate: Option<Rgb>) {
        match shape {
            Shape::Filled(boxes) => {
                for [left, top, width, height] in boxes {
                    add(self.filled.entry(ink).or_default(), [x + left, y + top, *width, *height]);
                }
            }
            Shape::Shade(part) => {
                let under = plate.unwrap_or(ground(self.theme.palette).0);
                add(self.filled.entry(mix(ink, under, *part)).or_default(), [x, y, WIDE, HIGH]);
            }
            Shape::Bend { x: left, y: top, path } => {
                put(self.bends.entry(ink).or_default(), format_args!("M{} {}{path}", x + left, y + top));
            }
            Shape::Dashes { y: top, long } => {
                let kind = if *long { Stroke::Long } else { Stroke::Short };
                self.stroke(ink, kind, x, y + top, WIDE);
            }
            Shape::Dots(bits) => {
                // Dots 1 2 3 7 go down on the left, 4 5 6 8 on the right.
                for (line, pair) in [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]].iter().enumerate() {
                    for (side, _) in pair.iter().enumerate().filter(|(_, bit)| bits & **bit != 0) {
                        let (left, top) = (x + side as f64 * HALF, y + (line as f64 + 0.5) * HIGH / 4.0);
                        self.stroke(ink, Stroke::Dots, left, top, HALF);
                    }
                }
            }
            Shape::Triangle { up } => {
                let (base, height) = if *up { (14.0, -9.0) } else { (5.0, 9.0) };
                let path = self.triangles.entry(ink).or_default();
                put(path, format_args!("M{} {}h8l-4 {height}z", x + 0.5, y + base));
            }
        }
    }

    fn stroke(&mut self, ink: Rgb, kind: Stroke, x: f64, y: f64, length: f64) {
        let line = self.strokes.entry((ink, kind, (y * 4.0) as u32)).or_default();
        match line.last_mut() {
            Some(last) if last.0 + last.1 == x => last.1 += length,
            Some(_) | None => line.push((x, length)),
        }
    }

    fn letter(&mut self, column: usize, row: usize, symbol: &str, columns: usize, letters: Letters) {
        // One blank may stand inside a run; more of them could collapse. A wide letter stands alone: where no font has
        // it, only its own width is wrong.
        let follows = |run: &Run| run.letters == letters && run.row == row && column <= run.to + 1;
        if columns > 1 || !self.run.as_ref().is_some_and(follows) {
            self.end_run();
        }
        let run = self.run.get_or_insert(Run { letters, row, from: column, to: column, text: String::new() });
        if column > run.to {
            run.text.push(' ');
        }
        run.text.push_str(symbol);
        run.to = column + columns;
        if columns > 1 {
            self.end_run();
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (x, y) = (MARGIN + run.from as f64 * WIDE, TITLE + run.row as f64 * HIGH + BASELINE);
        let length = (run.to - run.from) as f64 * WIDE;
        let texts = self.texts.entry(run.letters).or_default();
        put(texts, format_args!("<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\">{}</text>", escape(&run.text)));
    }

    fn print(&self, width: f64, height: f64, title: &str) -> String {
        let (ground, own) = ground(self.theme.palette);
        let (wide, high) = ((width + 2.0 * MARGIN).max(120.0), height + TITLE + MARGIN);
        let letters = ((wide - 160.0) / 8.0).max(0.0) as usize;
        let (shown, title) = (escape(&title.chars().take(letters).collect::<String>()), escape(title));
        let mut out = String::new();
        put(
            &mut out,
            format_args!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
                 role=\"img\" font-family=\"{FONTS}\" font-size=\"15\"><title>{title}</title>\
                 <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"{}\"/>\
                 <circle cx=\"19\" cy=\"17\" r=\"5\" fill=\"#ff5f57\"/><circle cx=\"36\" cy=\"17\" r=\"5\" fill=\"#febc2e\"/>\
                 <circle cx=\"53\" cy=\"17\" r=\"5\" fill=\"#28c840\"/>\
                 <text x=\"{}\" y=\"21.5\" text-anchor=\"middle\" font-size=\"13\" fill=\"{}\">{shown}</text>\n",
                wide - 1.0,
                high - 1.0,
                hex(ground),
                hex(mix(own, ground, 0.25)),
                wide / 2.0,
                hex(mix(own, ground, 0.7)),
            ),
        );
        self.print_shapes(&mut out);
        for (letters, texts) in &self.texts {
            let bold = if letters.bold { " font-weight=\"bold\"" } else { "" };
            let italic = if letters.italic { " font-style=\"italic\"" } else { "" };
            put(&mut out, format_args!("<g fill=\"{}\"{bold}{italic}>{texts}</g>\n", hex(letters.colour)));
        }
        out.push_str("</svg>\n");
        out
    }

    fn print_shapes(&self, out: &mut String) {
        for (colour, boxes) in self.backgrounds.iter().chain(&self.filled) {
            let mut path = String::new();
            for [x, y, width, height] in boxes {
                put(&mut path, format_args!("M{x} {y}h{width}v{height}h-{width}z"));
            }
            put(out, format_args!("<path shape-rendering=\"crispEdges\" fill=\"{}\" d=\"{path}\"/>\n", hex(*colour)));
        }
        for (colour, path) in &self.bends {
            put(out, format_args!("<path fill=\"none\" stroke=\"{}\" d=\"{path}\"/>\n", hex(*colour)));
        }
        for (colour, path) in &self.triangles {
            put(out, format_args!("<path fill=\"{}\" d=\"{path}\"/>\n", hex(*colour)));
        }
        let mut kinds: BTreeMap<(Rgb, Stroke), String> = BTreeMap::new();
        for ((colour, kind, height), lines) in &self.strokes {
            let path = kinds.entry((*colour, *kind)).or_default();
            let y = f64::from(*height) / 4.0;
            for (x, length) in lines {
                let (x, length) = match kind {
                    Stroke::Long | Stroke::Short => (x + 0.75, length - 0.75),
                    // From the middle of the first dot to the middle of the last; a hair, because no length draws no dot.
                    Stroke::Dots => (x + HALF / 2.0, length - HALF + 0.1),
                };
                put(path, format_args!("M{x} {y}h{length:.4}"));
            }
        }
        for ((colour, kind), path) in &kinds {
            let style = match kind {
                Stroke::Long => "stroke-dasharray=\"3 1.5\"",
                Stroke::Short => "stroke-dasharray=\"1.5 3\"",
                Stroke::Dots => "stroke-dasharray=\"0 4.5\" stroke-linecap=\"round\" stroke-width=\"2.4\"",
            };
            put(out, format_args!("<path fill=\"none\" stroke=\"{}\" {style} d=\"{path}\"/>\n", hex(*colour)));
        }
    }
}

/// Adds a rectangle, or widens the one it touches.
fn add(boxes: &mut Vec<Box4>, [x, y, width, height]: Box4) {
    match boxes.last_mut() {
        Some(last) if last[0] + last[2] == x && last[1] == y && last[3] == height => last[2] += width,
        Some(_) | None => boxes.push([x, y, width, height]),
    }
}

fn put(out: &mut String, text: std::fmt::Arguments) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(text);
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// For element text; characters that XML forbids become blanks (<https://www.w3.org/TR/xml/#charsets>).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            control if control.is_control() => out.push(' '),
            plain => out.push(plain),
        }
    }
    out
}
