//! Models as people read them: the verdict first, then figures with what they must be compared with.
//!
//! Invariant: a figure is shown with its sample, its interval or `-`, and its baseline or `-`.
//! Absent on purpose: JSON (`script`).

use std::fmt::Write;

use crate::cli::data::utc;
use crate::domain::Time;
use crate::inference::registry::{
    DataRange, DataRole, ExposureCard, Figure, Installed, Listed, ModelCard, Origin, OutputCard, ProbabilityCard,
    RolledBack,
};

/// Beyond it a line of text is broken.
const WIDTH: usize = 100;
/// Letters of a hash that tell models apart.
const SHORT: usize = 12;

pub fn list(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "There is no model yet; rule strategies trade.\n".into();
    }
    let mut rows = vec![["NAME", "BADGE", "KIND", "FROM", "TRAINED", "VERDICT"].map(String::from).to_vec()];
    for entry in listed {
        rows.push(match &entry.model {
            Ok(model) => vec![
                entry.name.clone(),
                model.badge().as_str().into(),
                model.card.kind.to_string(),
                origin(model).into(),
                day(model.card.training.finished),
                model.card.verdict.clone(),
            ],
            Err(error) => vec![entry.name.clone(), "refused".into(), error.to_string()],
        });
    }
    let mut text = table(&rows);
    text.push_str("\nChampion is flat: no model has passed an adoption gate, so each is a challenger.\n");
    text
}

pub fn show(model: &Installed, previous: Option<&Installed>) -> String {
    let card = &model.card;
    let mut text = format!("{} ({}, {}, {})\n\n", card.name, card.kind, model.badge().as_str(), origin(model));
    text.push_str(&wrapped(&card.verdict, ""));
    text.push('\n');
    text.push_str(&figures(&card.figures));
    let _ = writeln!(text, "\nData");
    text.push_str(&data(&card.data));
    for ancestor in &card.lineage {
        let _ = writeln!(text, "\nTrained on from {}, which saw", short(&ancestor.sha256));
        text.push_str(&data(&ancestor.data));
    }
    text.push('\n');
    facts(&mut text, model);
    let back = previous.map(|previous| {
        format!(
            "{} trained {} (kestrel models rollback {})",
            named(&previous.card),
            day(previous.card.training.finished),
            card.name
        )
    });
    fact(&mut text, "Before", back.as_deref().unwrap_or("nothing that a rollback could bring back"));
    text
}

pub fn verified(models: &[Installed]) -> String {
    if models.is_empty() {
        return "There is no model to verify.\n".into();
    }
    let line = |model: &Installed| {
        let card = &model.card;
        let (nodes, parameters) = (model.graph.nodes, model.graph.parameters);
        format!("{}: sound, {} bytes, {nodes} nodes, {parameters} numbers, {}\n", card.name, card.bytes, named(card))
    };
    models.iter().map(line).collect()
}

pub fn installed(model: &Installed, before: Option<&Installed>) -> String {
    let card = &model.card;
    match before {
        Some(before) if before.card.sha256 == card.sha256 => {
            format!("{}: {} was there already\n", card.name, named(card))
        }
        Some(before) => format!(
            "{}: {} is installed in place of {}; kestrel models rollback {} goes back\n",
            card.name,
            named(card),
            named(&before.card),
            card.name
        ),
        None => format!("{}: {} is installed\n", card.name, named(card)),
    }
}

pub fn rolled_back(done: &RolledBack) -> String {
    let (now, before) = (&done.now.card, done.before.as_ref());
    let was = before.map_or_else(|| "a model that did not open".to_string(), named);
    format!("{}: {} trained {} is back in place of {was}\n", now.name, named(now), day(now.training.finished))
}

fn probability(text: &mut String, output: &ProbabilityCard) {
    let barriers = &output.barriers;
    fact(text, "Says", &output.meaning);
    let trade = format!(
        "up to {} minutes, barriers {} deviations away and at least {:.3} %; wins {:+.3} and loses {:+.3} widths on average; \
         labelled with {:.3} % a side",
        barriers.horizon_minutes,
        barriers.deviations,
        100.0 * barriers.least_width,
        output.payoffs.win,
        output.payoffs.loss,
        100.0 * output.side_cost
    );
    fact(text, "Trade", &trade);
    fact(text, "Calibration", &format!("{} on {} rows", output.calibration, output.calibration_rows));
}

fn exposure(text: &mut String, output: &ExposureCard) {
    fact(text, "Says", &output.meaning);
    fact(text, "Standing", &format!("sees its own {}", output.standing.join(", ")));
    let costs = format!(
        "trained with {:.3} % a side and no change of exposure below {:.1} % of full size",
        100.0 * output.side_cost,
        100.0 * output.no_trade_band
    );
    fact(text, "Costs", &costs);
    let reward: Vec<String> = output.reward.iter().map(|(name, value)| format!("{name} {value}")).collect();
    fact(text, "Reward", &reward.join(", "));
}

fn facts(text: &mut String, model: &Installed) {
    let (card, input) = (&model.card, &model.card.input);
    let sees = format!(
        "{} row(s) of {} columns ({} {}), asked every {} minutes",
        input.rows, input.columns, input.schema, input.schema_hash, input.every_minutes
    );
    fact(text, "Sees", &sees);
    match &card.output {
        OutputCard::Probability(output) => probability(text, output),
        OutputCard::Exposure(output) => exposure(text, output),
    }
    fact(text, "File", &format!("{}, {} bytes, SHA-256 {}", card.file, card.bytes, card.sha256));
    let training = &card.training;
    let made = format!(
        "{} by version {}, seed {}, {:.0} CPU seconds",
        utc(Time::from_millis(training.finished)),
        training.version,
        training.seed,
        training.cpu_seconds
    );
    fact(text, "Trained", &made);
    fact(text, "Command", &training.command);
}

fn figures(figures: &[Figure]) -> String {
    let mut rows =
        vec![["FIGURE", "ON", "VALUE", "95 % INTERVAL", "SAMPLE", "BASELINE", "NOTE"].map(String::from).to_vec()];
    for figure in figures {
        let interval = match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
            (Some(_), None) | (None, Some(_)) | (None, None) => "-".into(),
        };
        let baseline = figure.baseline.as_ref().map(|(name, value)| format!("{name} {}", number(*value)));
        rows.push(vec![
            figure.name.clone(),
            figure.on.clone(),
            figure.value.map_or_else(|| "-".into(), number),
            interval,
            figure.sample.to_string(),
            baseline.unwrap_or_else(|| "-".into()),
            figure.note.clone().unwrap_or_default(),
        ]);
    }
    table(&rows)
}

fn data(ranges: &[DataRange]) -> String {
    let row = |range: &DataRange| {
        let role = match range.role {
            DataRole::Training => "fitted, calibrated and stopped on",
            DataRole::HeldOut => "held out, seen once at the end",
        };
        let time = |ms: i64| utc(Time::from_millis(ms));
        vec![
            format!("{} {}", range.market, range.symbol),
            format!("{} to {}", time(range.first), time(range.last)),
            format!("{} bars", range.bars),
            role.to_string(),
        ]
    };
    table(&ranges.iter().map(row).collect::<Vec<_>>())
}

fn origin(model: &Installed) -> &'static str {
    match model.origin {
        Origin::Shipped => "shipped",
        Origin::Folder(_) => "installed",
    }
}

fn named(card: &ModelCard) -> String {
    format!("model {}", short(&card.sha256))
}

fn short(sha256: &str) -> &str {
    sha256.get(..SHORT).unwrap_or(sha256)
}

fn day(ms: i64) -> String {
    utc(Time::from_millis(ms)).chars().take("2024-01-31".len()).collect()
}

fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

fn fact(text: &mut String, what: &str, content: &str) {
    let _ = write!(text, "{what:<13}{}", wrapped(content, &" ".repeat(13)));
}

/// Broken between words; lines after the first begin with `indent`. What has no blank stays whole: commands are copied.
fn wrapped(content: &str, indent: &str) -> String {
    let (mut text, mut used) = (String::new(), indent.len());
    for (at, word) in content.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && used + 1 + length > WIDTH {
            text.push('\n');
            text.push_str(indent);
            used = indent.len();
        } else if at > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text.push('\n');
    text
}

/// Columns as wide as their widest cell, two blanks between; the last cell of a row is as long as it is.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |at: usize| {
        let cells = rows.iter().filter(|row| at + 1 < row.len()).filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
