//! Parts of a whole as text: `sparkline` over time, `meter` now.
//!
//! Invariant: one narrow character a value; the scale is 0 to 1, whatever the values, so that lines can be compared.
//! Absent on purpose: axes and colours.

const BLOCKS: [char; 9] = ['▁', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A block for each value; what is nothing lies on the ground.
pub fn sparkline(values: &[f64]) -> String {
    values.iter().map(|value| BLOCKS[step(*value, BLOCKS.len() - 1)]).collect()
}

/// So many of `width` blocks are full as the part says; all only at 1.
pub fn meter(part: f64, width: usize) -> String {
    let full = if part >= 1.0 { width } else { step(part, width).min(width.saturating_sub(1)) };
    (0..width).map(|at| if at < full { '█' } else { '░' }).collect()
}

/// What is no number counts as nothing.
fn step(part: f64, most: usize) -> usize {
    (part.clamp(0.0, 1.0) * most as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_drawn_on_one_scale_and_only_the_whole_is_full() {
        assert_eq!(sparkline(&[0.0, 0.5, 1.0, 7.0, f64::NAN]), "▁▄██▁");
        assert_eq!([meter(0.0, 4), meter(0.5, 4), meter(0.99, 4), meter(1.0, 4)], ["░░░░", "██░░", "███░", "████"]);
        assert_eq!(meter(0.5, 0), "");
    }
}
