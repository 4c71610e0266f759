//! How agents learnt: a picture for each measure with a line for each seed, as one HTML page, and lines for a terminal.
//!
//! Invariant: the page needs nothing but itself; every coordinate is finite; flat and holding stand where they mean something.
//! Absent on purpose: files, colours of a terminal; what the agent is worth in the end (the card tells).

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::curves::{STYLE, decimals, escaped, round_numbers, sparkline};

/// Size of a picture in its own units; the page scales it.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 26.0;
/// Hues of seeds; more seeds than that share them.
const HUES: usize = 6;

/// What a policy came to on a stretch of bars. All are fractions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    pub net_return: f64,
    /// 0 or negative.
    pub max_drawdown: f64,
    /// Traded notional over mean equity.
    pub turnover: f64,
}

/// A moment of a training: means over the steps since the moment before it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Of the environment, from the first on.
    pub steps: u64,
    pub updates: u64,
    /// Mean sum of rewards of the episodes that ended; `None` where none did.
    pub episode_return: Option<f64>,
    /// What the critics expect of the actions taken.
    pub q: Option<f64>,
    /// The temperature alpha.
    pub temperature: Option<f64>,
    /// Of the policy, in nats.
    pub entropy: Option<f64>,
    pub critic_loss: Option<f64>,
    /// Units that are (nearly) always silent, as a share (Sokar et al. 2023).
    pub dormant: Option<f64>,
    /// Expected less realised discounted returns: above 0 the critics promise too much.
    pub over_estimation: Option<f64>,
    /// On bars that teach nothing, without exploring; `None` where nobody looked.
    pub validation: Option<Worth>,
}

/// One training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentCurve {
    /// `seed 15`, `fold 2, seed 15`, ...
    pub name: String,
    pub points: Vec<Point>,
    /// Steps after which the actor that was kept stood; 0 while there is none.
    pub kept: u64,
    /// Of holding on the bars of validation.
    pub hold: Option<Worth>,
}

/// Trainings as they are told of.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentPage<'a> {
    pub title: &'a str,
    /// Sentences above the curves.
    pub remarks: &'a [String],
    pub curves: &'a [AgentCurve],
    /// Makes the training again.
    pub command: &'a str,
}

/// One number of a point.
struct Measure {
    name: &'static str,
    note: &'static str,
    of: fn(&Point) -> Option<f64>,
    /// What flat and holding have of it.
    beside: Option<fn(&Worth) -> f64>,
}

const MEASURES: [Measure; 9] = [
    Measure {
        name: "Return on validation",
        note: "net of costs, without exploring; dashed: flat and holding",
        of: |point| point.validation.map(|worth| worth.net_return),
        beside: Some(|worth| worth.net_return),
    },
    Measure {
        name: "Drawdown on validation",
        note: "the deepest fall; dashed: flat and holding",
        of: |point| point.validation.map(|worth| worth.max_drawdown),
        beside: Some(|worth| worth.max_drawdown),
    },
    Measure {
        name: "Turnover on validation",
        note: "traded notional over mean equity; dashed: flat and holding",
        of: |point| point.validation.map(|worth| worth.turnover),
        beside: Some(|worth| worth.turnover),
    },
    Measure {
        name: "Return of episodes",
        note: "sum of rewards while exploring",
        of: |point| point.episode_return,
        beside: None,
    },
    Measure { name: "Q", note: "what the critics expect", of: |point| point.q, beside: None },
    Measure { name: "Temperature", note: "alpha", of: |point| point.temperature, beside: None },
    Measure { name: "Entropy", note: "of the policy, in nats", of: |point| point.entropy, beside: None },
    Measure {
        name: "Over-estimation of Q",
        note: "expected less realised: above 0 the critics promise too much",
        of: |point| point.over_estimation,
        beside: None,
    },
    Measure {
        name: "Dormant units",
        note: "share that is silent and learns nothing",
        of: |point| point.dormant,
        beside: None,
    },
];

/// Ranges of a picture.
struct Frame {
    steps: f64,
    low: f64,
    high: f64,
}

/// The whole page.
pub fn html(page: &AgentPage<'_>) -> String {
    let title = escaped(page.title);
    let remarks: String = page.remarks.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    let pictures: String = MEASURES.iter().filter_map(|measure| picture(measure, page.curves)).collect();
    let body = if pictures.is_empty() {
        "<p class=\"soft\">No step is finished yet.</p>".to_owned()
    } else {
        format!(
            "<section><h2>By steps</h2>{}<div class=\"fits\">{pictures}</div></section>\n<section><h2>At the end</h2>{}</section>\n",
            key(page.curves),
            table(page.curves)
        )
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{title} \u{2013} Kestrel</title><style>{STYLE}</style></head>\n<body><main><header><h1>{title}</h1>{remarks}</header>\n{body}<section><h2>Again</h2><pre>{}</pre></section><footer class=\"soft\">Made by Kestrel. A rising curve is no promise of a profit.</footer></main></body></html>\n",
        escaped(page.command)
    )
}

/// Lines for a terminal: a sparkline of each measure that was taken, with its last value.
pub fn lines(curve: &AgentCurve, width: usize) -> Vec<String> {
    let line = |measure: &Measure| {
        let values: Vec<f64> = values(measure, curve).map(|(_, value)| value).collect();
        let last = values.last()?;
        Some(format!("{:>24} {} {last:.4}", measure.name, sparkline(&values, width)))
    };
    MEASURES.iter().filter_map(line).collect()
}

/// Steps and finite values of a measure.
fn values<'a>(measure: &'a Measure, curve: &'a AgentCurve) -> impl Iterator<Item = (f64, f64)> + 'a {
    let taken = curve.points.iter().filter_map(|point| Some((point.steps as f64, (measure.of)(point)?)));
    taken.filter(|(_, value)| value.is_finite())
}

/// The range of all numbers; `None` where there is none.
fn frame(measure: &Measure, curves: &[AgentCurve]) -> Option<Frame> {
    let taken = || curves.iter().flat_map(|curve| values(measure, curve));
    let wider = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
    let (low, high) = taken().map(|(_, value)| value).fold((f64::INFINITY, f64::NEG_INFINITY), wider);
    if low > high {
        return None;
    }
    let holding = curves.iter().filter_map(|curve| measure.beside.zip(curve.hold)).map(|(of, hold)| of(&hold));
    let flat = measure.beside.map(|of| of(&Worth::default()));
    let (low, high) = holding.chain(flat).filter(|x| x.is_finite()).fold((low, high), wider);
    let air = (0.05 * (high - low)).max(1e-6 * high.abs()).max(1e-6);
    let last = taken().map(|(steps, _)| steps).fold(1.0, f64::max);
    Some(Frame { steps: last, low: low - air, high: high + air })
}

impl Frame {
    fn across(&self, steps: f64) -> f64 {
        LEFT + steps / self.steps * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn line(&self, class: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
        let place = |(x, y): (f64, f64)| format!("{:.1} {:.1}", self.across(x), self.down(y));
        let path: Vec<String> = points.map(place).collect();
        if path.is_empty() {
            String::new()
        } else {
            format!("<path class=\"line {class}\" d=\"M{}\"/>", path.join(" "))
        }
    }
}

fn picture(measure: &Measure, curves: &[AgentCurve]) -> Option<String> {
    let frame = frame(measure, curves)?;
    let (name, note) = (measure.name, measure.note);
    let mut svg = format!(
        "<figure><figcaption>{name} <span class=\"soft\">{note}</span></figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}\"><title>{name}</title>"
    );
    let end = WIDTH - RIGHT;
    let mut put = |piece: std::fmt::Arguments<'_>| writeln!(svg, "{piece}").unwrap_or_default();
    for tick in round_numbers(frame.low, frame.high, 5) {
        let y = frame.down(tick);
        put(format_args!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
        let (x, at, text) = (LEFT - 7.0, y + 3.5, decimals(tick, frame.high - frame.low));
        put(format_args!("<text x=\"{x:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{text}</text>"));
    }
    for tick in round_numbers(0.0, frame.steps, 5) {
        let (x, y) = (frame.across(tick), HEIGHT - BOTTOM + 17.0);
        put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{tick}</text>"));
    }
    if let Some(of) = measure.beside {
        let level = |class: &str, y: f64| frame.line(class, [(0.0, y), (frame.steps, y)].into_iter());
        put(format_args!("{}", level("flat", of(&Worth::default()))));
        let holding = curves.iter().filter_map(|curve| curve.hold).map(|hold| of(&hold)).find(|x| x.is_finite());
        if let Some(holding) = holding {
            put(format_args!("{}", level("hold", holding)));
        }
    }
    for (seed, curve) in curves.iter().enumerate() {
        put(format_args!("{}", frame.line(&format!("s{}", seed % HUES), values(measure, curve))));
        let kept = values(measure, curve).find(|(steps, _)| *steps == curve.kept as f64);
        if let Some((x, y)) = kept.filter(|_| curve.kept > 0) {
            let (x, y, hue, title) = (frame.across(x), frame.down(y), seed % HUES, escaped(&curve.name));
            put(format_args!(
                "<circle class=\"s{hue}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{title}, kept</title></circle>"
            ));
        }
    }
    Some(svg + "</svg></figure>")
}

fn key(curves: &[AgentCurve]) -> String {
    let seeds: String = curves
        .iter()
        .enumerate()
        .map(|(at, curve)| format!("<span><i class=\"s{}\"></i>{}</span>", at % HUES, escaped(&curve.name)))
        .collect();
    let beside = if curves.iter().any(|curve| curve.hold.is_some()) {
        "<span><i class=\"flat\"></i>flat</span><span><i class=\"hold\"></i>holding</span>"
    } else {
        ""
    };
    format!("<p class=\"key\">{seeds}{beside}<span class=\"soft\">The dot is the actor that was kept.</span></p>")
}

fn table(curves: &[AgentCurve]) -> String {
    let heads: String = MEASURES.iter().map(|measure| format!("<th class=\"n\">{}</th>", measure.name)).collect();
    let row = |curve: &AgentCurve| {
        let last = |measure: &Measure| {
            let value = values(measure, curve).last().map(|(_, value)| value);
            let text = value.map_or_else(|| "\u{2013}".to_owned(), |value| format!("{value:.4}"));
            format!("<td class=\"n\">{text}</td>")
        };
        let cells: String = MEASURES.iter().map(last).collect();
        let steps = curve.points.last().map_or(0, |point| point.steps);
        format!("<tr><th scope=\"row\">{}</th><td class=\"n\">{steps}</td>{cells}</tr>", escaped(&curve.name))
    };
    let rows: String = curves.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr><th>training</th><th class=\"n\">steps</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, returns: &[f64]) -> AgentCurve {
        let point = |(at, net_return): (usize, &f64)| Point {
            steps: 1_000 * (at as u64 + 1),
            updates: 900 * (at as u64 + 1),
            episode_return: (at % 2 == 0).then_some(-100.0 + at as f64),
            q: Some(f64::NAN),
            temperature: Some(0.5 / (at + 1) as f64),
            entropy: Some(1.0 - at as f64),
            validation: Some(Worth { net_return: *net_return, max_drawdown: -0.02, turnover: 3.0 }),
            ..Point::default()
        };
        let hold = Worth { net_return: 0.1, max_drawdown: -0.2, turnover: 2.0 };
        AgentCurve {
            name: name.into(),
            points: returns.iter().enumerate().map(point).collect(),
            kept: 2_000,
            hold: Some(hold),
        }
    }

    #[test]
    fn the_page_shows_a_line_for_each_seed_beside_flat_and_holding() {
        let curves = [curve("seed <1>", &[-0.01, 0.02, 0.01]), curve("seed 2", &[0.0, f64::INFINITY])];
        let remarks = ["Noise & co.".to_owned()];
        let page =
            html(&AgentPage { title: "agent", remarks: &remarks, curves: &curves, command: "kestrel train sac" });
        // Validation gives three, then episodes, temperature and entropy; Q was never a number.
        assert_eq!(page.matches("<figure>").count(), 6);
        assert_eq!(page.matches("class=\"line hold\"").count(), 3);
        assert_eq!(page.matches("class=\"line flat\"").count(), 3);
        assert_eq!(page.matches("class=\"line s1\"").count(), 6);
        assert!(page.contains("seed &lt;1&gt;") && page.contains("Noise &amp; co."));
        for never in ["NaN", "inf<", "inf\"", "<script", "http:", "https:", "d=\"M\"", "url("] {
            assert!(!page.contains(never), "{never} stands in the page");
        }
        for (open, close) in
            [("<svg", "</svg>"), ("<figure>", "</figure>"), ("<section>", "</section>"), ("<tr>", "</tr>")]
        {
            assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
        }
    }

    #[test]
    fn a_training_without_steps_says_so_and_one_point_makes_finite_pictures() {
        let page = |curves: &[AgentCurve]| {
            html(&AgentPage { title: "agent", remarks: &[], curves, command: "kestrel train sac --env pendulum" })
        };
        assert!(page(&[curve("seed 1", &[])]).contains("No step is finished yet."));
        let mut single = curve("seed 1", &[0.0]);
        single.hold = None;
        let page = page(&[single]);
        assert!(page.contains("class=\"line s0\"") && !page.contains("NaN") && !page.contains(">holding<"));
    }

    #[test]
    fn a_terminal_gets_a_line_for_each_measure_that_was_taken() {
        let lines = lines(&curve("seed 1", &[-0.01, 0.02, 0.01]), 20);
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0].trim(), "Return on validation ▁█▆ 0.0100");
    }
}
