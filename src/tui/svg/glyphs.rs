//! Block, box and braille characters as geometry: fonts leave gaps between them, a terminal does not.
//!
//! Invariant: a shape lies inside its cell of `WIDE` by `HIGH`, and lines meet the cell's edges at its middle.
//! Absent on purpose: double lines and letters; those are text.

/// A cell in units of the picture.
pub const WIDE: f64 = 9.0;
pub const HIGH: f64 = 18.0;
/// Distance of braille dots and of dashes.
pub const HALF: f64 = WIDE / 2.0;

/// x, y, width and height inside the cell.
pub type Box4 = [f64; 4];

/// How a character is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Filled rectangles.
    Filled(Vec<Box4>),
    /// The whole cell at a part of the colour.
    Shade(f64),
    /// A line that bends, as path data relative to the cell's corner at its own `M`.
    Bend { x: f64, y: f64, path: &'static str },
    /// A horizontal line of dashes.
    Dashes { y: f64, long: bool },
    /// Braille bits of U+2800.
    Dots(u8),
    /// A triangle, upwards or downwards.
    Triangle { up: bool },
}

/// `None` for what a font draws well enough.
pub fn shape(symbol: &str) -> Option<Shape> {
    let mut symbols = symbol.chars();
    let (Some(symbol), None) = (symbols.next(), symbols.next()) else { return None };
    match symbol {
        '░' => Some(Shape::Shade(0.25)),
        '▒' => Some(Shape::Shade(0.5)),
        '▓' => Some(Shape::Shade(0.75)),
        '▲' => Some(Shape::Triangle { up: true }),
        '▼' => Some(Shape::Triangle { up: false }),
        '╌' => Some(Shape::Dashes { y: 9.5, long: true }),
        '┈' => Some(Shape::Dashes { y: 9.5, long: false }),
        '╭' => Some(Shape::Bend { x: 4.5, y: 18.0, path: "v-4.5a4 4 0 0 1 4-4h.5" }),
        '╮' => Some(Shape::Bend { x: 4.5, y: 18.0, path: "v-4.5a4 4 0 0 0-4-4h-.5" }),
        '╰' => Some(Shape::Bend { x: 4.5, y: 0.0, path: "v5.5a4 4 0 0 0 4 4h.5" }),
        '╯' => Some(Shape::Bend { x: 4.5, y: 0.0, path: "v5.5a4 4 0 0 1-4 4h-.5" }),
        '\u{2800}'..='\u{28ff}' => Some(Shape::Dots((u32::from(symbol) & 0xff) as u8)),
        '\u{2580}'..='\u{259f}' => block(symbol).map(Shape::Filled),
        '\u{2500}'..='\u{257f}' => arms(symbol).map(|arms| Shape::Filled(lines(arms))),
        _ => None,
    }
}

/// Block elements U+2580 to U+259F in eighths of the cell.
fn block(symbol: char) -> Option<Vec<Box4>> {
    let eighths = |x: f64, y: f64, width: f64, height: f64| {
        [x * WIDE / 8.0, y * HIGH / 8.0, width * WIDE / 8.0, height * HIGH / 8.0]
    };
    let code = u32::from(symbol);
    let one = |x, y, width, height| Some(vec![eighths(x, y, width, height)]);
    // Upper left, upper right, lower left, lower right.
    let quarters = |parts: [bool; 4]| {
        let places = [(0.0, 0.0), (4.0, 0.0), (0.0, 4.0), (4.0, 4.0)];
        let kept = places.into_iter().zip(parts).filter(|(_, kept)| *kept);
        Some(kept.map(|((x, y), _)| eighths(x, y, 4.0, 4.0)).collect())
    };
    match symbol {
        '▀' => one(0.0, 0.0, 8.0, 4.0),
        '▁'..='█' => {
            let height = f64::from(code - 0x2580);
            one(0.0, 8.0 - height, 8.0, height)
        }
        '▉'..='▏' => one(0.0, 0.0, f64::from(0x2590 - code), 8.0),
        '▐' => one(4.0, 0.0, 4.0, 8.0),
        '▔' => one(0.0, 0.0, 8.0, 1.0),
        '▕' => one(7.0, 0.0, 1.0, 8.0),
        '▖' => quarters([false, false, true, false]),
        '▗' => quarters([false, false, false, true]),
        '▘' => quarters([true, false, false, false]),
        '▙' => quarters([true, false, true, true]),
        '▚' => quarters([true, false, false, true]),
        '▛' => quarters([true, true, true, false]),
        '▜' => quarters([true, true, false, true]),
        '▝' => quarters([false, true, false, false]),
        '▞' => quarters([false, true, true, false]),
        '▟' => quarters([false, true, true, true]),
        _ => None,
    }
}

/// Weight of the arms up, right, down and left: 0 none, 1 light, 2 heavy.
fn arms(symbol: char) -> Option<[u8; 4]> {
    Some(match symbol {
        '─' => [0, 1, 0, 1],
        '━' => [0, 2, 0, 2],
        '│' => [1, 0, 1, 0],
        '┃' => [2, 0, 2, 0],
        '┌' => [0, 1, 1, 0],
        '┏' => [0, 2, 2, 0],
        '┐' => [0, 0, 1, 1],
        '┓' => [0, 0, 2, 2],
        '└' => [1, 1, 0, 0],
        '┗' => [2, 2, 0, 0],
        '┘' => [1, 0, 0, 1],
        '┛' => [2, 0, 0, 2],
        '├' => [1, 1, 1, 0],
        '┣' => [2, 2, 2, 0],
        '┤' => [1, 0, 1, 1],
        '┫' => [2, 0, 2, 2],
        '┬' => [0, 1, 1, 1],
        '┳' => [0, 2, 2, 2],
        '┴' => [1, 1, 0, 1],
        '┻' => [2, 2, 0, 2],
        '┼' => [1, 1, 1, 1],
        '╋' => [2, 2, 2, 2],
        '╴' => [0, 0, 0, 1],
        '╵' => [1, 0, 0, 0],
        '╶' => [0, 1, 0, 0],
        '╷' => [0, 0, 1, 0],
        '╸' => [0, 0, 0, 2],
        '╹' => [2, 0, 0, 0],
        '╺' => [0, 2, 0, 0],
        '╻' => [0, 0, 2, 0],
        '╼' => [0, 2, 0, 1],
        '╽' => [1, 0, 2, 0],
        '╾' => [0, 1, 0, 2],
        '╿' => [2, 0, 1, 0],
        _ => return None,
    })
}

/// Each arm from the cell's edge to its middle; a straight line as one rectangle.
fn lines([up, right, down, left]: [u8; 4]) -> Vec<Box4> {
    let thick = |weight: u8| if weight == 2 { 4.0 } else { 1.0 };
    let (middle_x, middle_y) = (WIDE / 2.0, HIGH / 2.0 + 0.5);
    // Arms of a corner reach half a line over the middle, so that no notch stays.
    let vertical = |weight: u8, from: f64, to: f64| [middle_x - thick(weight) / 2.0, from, thick(weight), to - from];
    let horizontal = |weight: u8, from: f64, to: f64| [from, middle_y - thick(weight) / 2.0, to - from, thick(weight)];
    let over = if left.max(right) > 0 { thick(left.max(right)) / 2.0 } else { 0.0 };
    let side = if up.max(down) > 0 { thick(up.max(down)) / 2.0 } else { 0.0 };
    let mut boxes = Vec::new();
    match (up, down) {
        (0, 0) => {}
        (0, weight) => boxes.push(vertical(weight, middle_y - over, HIGH)),
        (weight, 0) => boxes.push(vertical(weight, 0.0, middle_y + over)),
        (above, below) if above == below => boxes.push(vertical(above, 0.0, HIGH)),
        (above, below) => boxes.extend([vertical(above, 0.0, middle_y), vertical(below, middle_y, HIGH)]),
    }
    match (left, right) {
        (0, 0) => {}
        (0, weight) => boxes.push(horizontal(weight, middle_x - side, WIDE)),
        (weight, 0) => boxes.push(horizontal(weight, 0.0, middle_x + side)),
        (before, after) if before == after => boxes.push(horizontal(before, 0.0, WIDE)),
        (before, after) => boxes.extend([horizontal(before, 0.0, middle_x), horizontal(after, middle_x, WIDE)]),
    }
    boxes
}
