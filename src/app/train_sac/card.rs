//! The card of an agent: what it saw, what it is worth, and what may be said of it; and its way into the registry.
//!
//! Invariant: the verdict follows from the figures by rule; an agent is installed only when the graph gave the trainer's
//! exposures.
//! Absent on purpose: judging again.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::market::SHARPE_RATE;
use super::{MarketPlan, SacPlan};
use crate::app::train::{MakeError, Place, range, run};
use crate::domain::Time;
use crate::engine::model::ModelSlot;
use crate::engine::standing::COLUMNS;
use crate::inference::Library;
use crate::inference::registry::{
    CARD_FORMAT, DataRange, DataRole, ExposureCard, Figure, InputCard, Installed, ModelCard, OutputCard, TrainingCard,
    sealed, write_into,
};
use crate::market::features::{Scaling, columns};
use crate::performance::Shown;
use crate::training::TrainingError;
use crate::training::actor_export::MarketActor;
use crate::training::agent_canary::Tried;
use crate::training::evaluation::figure;
use crate::training::lesson::{Lesson, Taught};
use crate::training::walk_table::{WalkTable, percent};

/// Bars whose observations the graph and the trainer are compared on, besides as many random ones.
const COMPARED: usize = 5_000;
/// The most that they may differ.
const MOST_DIFFERENCE: f32 = 1e-5;

/// Everything that a card tells of.
pub struct Worked<'a> {
    pub plan: &'a SacPlan,
    pub market: &'a MarketPlan,
    pub lesson: &'a Lesson,
    pub taught: &'a Taught,
    pub tables: &'a [WalkTable],
    pub canaries: &'a [Tried],
    /// From here on the files of `data` judge.
    pub until: Time,
    pub cpu_seconds: f64,
}

/// Writes the graph, compares it, and puts it in its place; and what a person should know besides.
pub fn installed(worked: &Worked<'_>, library: &Library) -> Result<(Installed, Vec<String>), MakeError> {
    let normaliser = worked.lesson.tape.frozen_normaliser();
    let actor = MarketActor { actor: &worked.taught.actor, normaliser: &normaliser, rows: 1 };
    let onnx = actor.onnx()?;
    let difference = difference(&actor, worked, &onnx, library)?;
    let mut card = card(worked)?;
    let note = Some("1e-5 allowed");
    card.figures.push(figure("export_difference", "real and random inputs", Some(difference), 0, None, note));
    let card = sealed(card, &onnx);
    let remarks = vec![card.verdict.clone()];
    let model = match &worked.market.place {
        Place::Installed(registry) => registry.install(&card, &onnx)?,
        Place::Folder(folder) => write_into(folder, &card, &onnx)?,
    };
    Ok((model, remarks))
}

/// The largest difference between the trainer's exposures and the graph's.
fn difference(actor: &MarketActor<'_>, worked: &Worked<'_>, onnx: &[u8], library: &Library) -> Result<f64, MakeError> {
    let tape = &worked.lesson.tape;
    let longest = tape.lanes().iter().max_by_key(|lane| lane.bars.len());
    let bars = longest.map_or(&[][..], |lane| &lane.bars[..]);
    let observed = columns(tape.schema(), &bars[bars.len().saturating_sub(2 * COMPARED)..]);
    let first = observed.first_ready();
    if first >= observed.rows() {
        let what = "bars to compare the graph on";
        return Err(TrainingError::TooFew { what, found: bars.len(), wanted: first + 1 }.into());
    }
    let noise = |at: usize| (at as f64 * 0.754_877_666).fract() as f32 * 2.0 - 1.0;
    let scalings: Vec<Scaling> = actor.normaliser.scalings().collect();
    let mut inputs = Vec::new();
    for at in 0..2 * COMPARED {
        let row = observed.row(first + at / 2 % (observed.rows() - first));
        // Some measures lie far outside what was ever seen; what is bounded stays so, for it is not clipped.
        let far = if at % 5 == 0 { 1e4 } else { 4.0 };
        let is_random = at % 2 == 0;
        inputs.extend(row.iter().zip(&scalings).enumerate().map(|(column, (x, scaling))| {
            let reach = if *scaling == Scaling::Pass { 1.0 } else { far };
            if is_random { reach * noise(at * row.len() + column) } else { *x }
        }));
        inputs.extend((0..COLUMNS.len()).map(|column| noise(at * COLUMNS.len() + column)));
    }
    let theirs = run(onnx, &inputs, 2 * COMPARED, library);
    let theirs = theirs.map_err(|error| TrainingError::Export(error.to_string()))?;
    let apart = |(row, theirs): (&[f32], &f32)| (actor.exposure(row) - theirs).abs();
    // A comparison with what is no number is never small.
    let worst = inputs
        .chunks(actor.input_len())
        .zip(&theirs)
        .map(apart)
        .fold(0.0, |a: f32, b| if b > a || b.is_nan() { b } else { a });
    if worst < MOST_DIFFERENCE {
        Ok(f64::from(worst))
    } else {
        Err(TrainingError::Export(format!("the graph and the trainer differ by {worst}, allowed is {MOST_DIFFERENCE}"))
            .into())
    }
}

fn card(worked: &Worked<'_>) -> Result<ModelCard, MakeError> {
    let Worked { plan, market, lesson, taught, .. } = worked;
    let finished = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let schema = lesson.tape.schema();
    Ok(ModelCard {
        format: CARD_FORMAT,
        name: plan.name.clone(),
        kind: ModelSlot::Sac,
        verdict: verdict(worked),
        file: String::new(),
        bytes: 0,
        sha256: String::new(),
        input: InputCard {
            schema: schema.name().into(),
            schema_hash: schema.id(),
            columns: schema.width() as u32,
            rows: 1,
            every_minutes: market.every_minutes,
        },
        output: OutputCard::Exposure(ExposureCard {
            meaning: "the share of full size to hold until the next decision; below 0 nothing is held on spot".into(),
            standing: COLUMNS.map(str::to_owned).to_vec(),
            sharpe_rate: SHARPE_RATE,
            side_cost: market.settings.side_cost.to_f64(),
            no_trade_band: market.settings.no_trade_band.to_f64(),
            reward: object(json!(market.reward)),
        }),
        normaliser: lesson.tape.normaliser(),
        data: ranges(worked)?,
        lineage: Vec::new(),
        training: TrainingCard {
            command: plan.command.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            seed: taught.seed.0,
            finished,
            cpu_seconds: (worked.cpu_seconds * 10.0).round() / 10.0,
            settings: settings(worked),
        },
        figures: figures(worked),
    })
}

fn settings(worked: &Worked<'_>) -> Map<String, Value> {
    let mut made = object(json!(worked.lesson.settings));
    let seeds: Vec<u64> = worked.plan.seeds.iter().map(|seed| seed.0).collect();
    made.insert("seeds_tried".into(), json!(seeds));
    made.insert("steps".into(), json!(worked.plan.steps));
    made.insert("kept_steps".into(), json!(worked.taught.curve.kept));
    made.insert("decisions_an_episode".into(), json!(worked.lesson.terms.decisions));
    made
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// What each file was used for; those of `data` are parted where judgement begins.
fn ranges(worked: &Worked<'_>) -> Result<Vec<DataRange>, MakeError> {
    let mut made = Vec::new();
    for file in &worked.market.data {
        made.extend(range(file, DataRole::Training, |time| time < worked.until)?);
        made.extend(range(file, DataRole::HeldOut, |time| time >= worked.until)?);
    }
    for file in &worked.market.held_out {
        made.extend(range(file, DataRole::HeldOut, |_| true)?);
    }
    Ok(made)
}

fn figures(worked: &Worked<'_>) -> Vec<Figure> {
    let mut made: Vec<Figure> = worked.tables.iter().flat_map(of_table).collect();
    let seeds = worked.plan.seeds.len() as u64;
    made.push(figure("seeds_tried", "validation", Some(seeds as f64), seeds, None, Some("the best was kept")));
    made.push(figure(
        "net_return",
        "validation",
        worked.taught.validation,
        0,
        Some(("flat", 0.0)),
        Some("it was chosen by the lower bound of this"),
    ));
    made.extend(worked.canaries.iter().flat_map(Tried::figures));
    made
}

fn of_table(table: &WalkTable) -> Vec<Figure> {
    let (on, agent, hold) = (table.on.as_str(), &table.agent, &table.hold);
    let of = |name: &str, value: f64, baseline: f64, note: Option<&str>| {
        figure(name, on, Some(value), agent.trades, Some(("buy-and-hold", baseline)), note)
    };
    let mut made = vec![
        of("net_return", agent.worth.net_return, hold.worth.net_return, Some("after costs; flat has 0")),
        of("max_drawdown", agent.worth.max_drawdown, hold.worth.max_drawdown, None),
        of("turnover", agent.worth.turnover, hold.worth.turnover, Some("traded notional over mean equity")),
        figure(
            "net_return_always_long",
            on,
            Some(table.long.worth.net_return),
            table.long.trades,
            Some(("flat", 0.0)),
            Some("exposure 1 through the same engine"),
        ),
        figure("trades", on, Some(agent.trades as f64), agent.trades, Some(("flat", 0.0)), None),
    ];
    made.push(sharpe(on, &agent.sharpe, &hold.sharpe));
    made.push(match &table.random {
        Some(rank) => {
            let mut made = figure(
                "random_percentile",
                on,
                Some(rank.percentile),
                rank.traders as u64,
                Some(("chance", 0.5)),
                None,
            );
            made.note = Some(format!(
                "traders of its exposures and a turnover of {:.1}; their middle return is {}",
                rank.turnover,
                percent(rank.median)
            ));
            made
        }
        None => figure("random_percentile", on, None, 0, Some(("chance", 0.5)), Some("it never traded")),
    });
    made
}

fn sharpe(on: &str, own: &Shown, hold: &Shown) -> Figure {
    let baseline = hold.as_ref().ok().map(|figure| ("buy-and-hold", figure.value));
    match own {
        Ok(shown) => {
            let mut made = figure("sharpe", on, Some(shown.value), shown.sample, baseline, Some("of days, a year"));
            made.low = shown.interval.map(|interval| interval.low);
            made.high = shown.interval.map(|interval| interval.high);
            made
        }
        Err(why) => figure("sharpe", on, None, 0, baseline, Some(&why.to_string())),
    }
}

/// What may be said, and nothing more.
fn verdict(worked: &Worked<'_>) -> String {
    let mut said: Vec<String> = worked.tables.iter().map(of_stretch).collect();
    let wrong: Vec<&str> =
        worked.canaries.iter().filter(|tried| !tried.is_right()).map(|tried| tried.truth.name).collect();
    said.push(if wrong.is_empty() {
        "Where the truth is known it traded the edge above cost and left the rest alone.".into()
    } else {
        format!("Where the truth is known the same training did wrong on: {}.", wrong.join(", "))
    });
    if worked.plan.seeds.len() > 1 {
        said.push(format!("The best of {} seeds on validation.", worked.plan.seeds.len()));
    }
    said.join(" ")
}

fn of_stretch(table: &WalkTable) -> String {
    let (agent, hold) = (&table.agent, &table.hold);
    let on = if table.on == "held out" { "On held-out bars" } else { "On other files" };
    let Some(rank) = &table.random else {
        return format!(
            "{on} it never traded: flat is not beaten; buy-and-hold returned {}.",
            percent(hold.worth.net_return)
        );
    };
    let against_flat = match agent.sharpe.as_ref().ok().and_then(|figure| figure.interval) {
        Some(interval) if interval.low > 0.0 => "more than flat",
        Some(interval) if interval.high < 0.0 => "less than flat",
        Some(_) | None => "which cannot be told from flat",
    };
    format!(
        "{on} it returned {} after costs, {against_flat}, and more than {:.0} % of {} random traders of its turnover; \
         buy-and-hold returned {}.",
        percent(agent.worth.net_return),
        100.0 * rank.percentile,
        rank.traders,
        percent(hold.worth.net_return)
    )
}
