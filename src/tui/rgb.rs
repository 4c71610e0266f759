//! What the colours of a terminal look like as red, green and blue.
//!
//! Invariant: indices 16 to 255 are xterm's fixed cube and greys; only the sixteen named colours depend on the background.
//! Absent on purpose: which role has which colour (`theme`).

use ratatui::style::Color;

use super::theme::Palette;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Black, red, green, yellow, blue, magenta, cyan, white, then the bright ones, on a dark background.
const ON_DARK: [Rgb; 16] = [
    [0x16, 0x1b, 0x22],
    [0xff, 0x7b, 0x72],
    [0x3f, 0xb9, 0x50],
    [0xd2, 0x99, 0x22],
    [0x58, 0xa6, 0xff],
    [0xbc, 0x8c, 0xff],
    [0x39, 0xc5, 0xcf],
    [0xb1, 0xba, 0xc4],
    [0x6e, 0x76, 0x81],
    [0xff, 0xa1, 0x98],
    [0x56, 0xd3, 0x64],
    [0xe3, 0xb3, 0x41],
    [0x79, 0xc0, 0xff],
    [0xd2, 0xa8, 0xff],
    [0x56, 0xd4, 0xdd],
    [0xff, 0xff, 0xff],
];
const ON_LIGHT: [Rgb; 16] = [
    [0x24, 0x29, 0x2f],
    [0xcf, 0x22, 0x2e],
    [0x11, 0x63, 0x29],
    [0x7d, 0x4e, 0x00],
    [0x09, 0x69, 0xda],
    [0x82, 0x50, 0xdf],
    [0x1b, 0x7c, 0x83],
    [0x6e, 0x77, 0x81],
    [0x57, 0x60, 0x6a],
    [0xa4, 0x0e, 0x26],
    [0x1a, 0x7f, 0x37],
    [0x63, 0x3c, 0x01],
    [0x21, 0x8b, 0xff],
    [0xa4, 0x75, 0xf9],
    [0x31, 0x92, 0xaa],
    [0x8c, 0x95, 0x9f],
];

/// The window's background and its own text colour.
pub fn ground(palette: Palette) -> (Rgb, Rgb) {
    match palette {
        Palette::Dark | Palette::Ansi | Palette::Mono => ([0x0d, 0x11, 0x17], [0xdb, 0xe1, 0xe8]),
        Palette::Light => ([0xff, 0xff, 0xff], [0x1f, 0x23, 0x28]),
    }
}

/// `None` is the terminal's own colour.
pub fn rgb(color: Color, palette: Palette) -> Option<Rgb> {
    let named = |index: u8| match palette {
        Palette::Dark | Palette::Ansi | Palette::Mono => ON_DARK[usize::from(index % 16)],
        Palette::Light => ON_LIGHT[usize::from(index % 16)],
    };
    Some(match color {
        Color::Reset => return None,
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(index @ 0..=15) => named(index),
        Color::Indexed(index @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let cube = index - 16;
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        }
        Color::Indexed(index @ 232..=255) => [8 + 10 * (index - 232); 3],
    })
}

/// `part` of the first colour over the second.
pub fn mix(over: Rgb, under: Rgb, part: f64) -> Rgb {
    [0, 1, 2].map(|n| (f64::from(over[n]) * part + f64::from(under[n]) * (1.0 - part)).round() as u8)
}
