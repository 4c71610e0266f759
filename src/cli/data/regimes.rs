//! `data regimes`: the regimes fitted to recordings, written as the file that the program embeds.
//!
//! Invariant: the file names what it was fitted on and the command that made it, without folders.
//! Absent on purpose: using the file: it is embedded when the program is built.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{json, named, parse_time, utc};
use crate::app::regimes::{Recording, fit_regimes, write_regimes};
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::domain::Time;
use crate::market::regime::RegimeModel;
use crate::market::regime::fitting::Fit;
use crate::market::regime::model::NAMES;
use crate::store::Catalog;

#[derive(Debug, Clone, Args)]
pub struct RegimesArgs {
    /// Recordings: files, or symbols of the catalogue, each fitted as a series of its own
    #[arg(long, value_name = "FILE|SYMBOL", required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Bars before this UTC time only, so that later ones stay held out
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<Time>,
    /// Where to write the model
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: &'a RegimeModel,
    objective: f64,
    rounds: usize,
    switches_a_day: f64,
    /// (penalty, switches a day).
    tried: &'a [(f64, f64)],
}

pub fn execute(args: &RegimesArgs, globals: &Globals) -> Result<Output, Failure> {
    let recordings = recordings(&args.data, args.to, globals)?;
    let progress = ProgressLine::new("regimes: rows", None);
    let fitted = fit_regimes(&recordings, &command(args), &mut |rows| progress.to(rows))?;
    let Some(fit) = fitted else {
        return Err(Failure::Data("there are no bars to fit; name recordings of some days, or a later --to".into()));
    };
    write_regimes(&fit.model, &args.out)?;
    let report = Report {
        out: args.out.display().to_string(),
        model: &fit.model,
        objective: fit.objective,
        rounds: fit.rounds,
        switches_a_day: fit.switches_a_day,
        tried: &fit.tried,
    };
    Ok(Output::Report { text: text(&fit, &args.out), json: json(&report)? })
}

/// Each name is one recording; a symbol of the catalogue has a file a month.
pub(super) fn recordings(names: &[PathBuf], to: Option<Time>, globals: &Globals) -> Result<Vec<Recording>, Failure> {
    let mut recordings = Vec::with_capacity(names.len());
    for name in names {
        // A plain file needs no home folder.
        let files =
            if name.exists() { vec![name.clone()] } else { named(name, &Catalog::of_home(&globals.home()?))?.files };
        recordings.push(Recording { files, to });
    }
    Ok(recordings)
}

/// The command without folders: the same wherever it is given.
fn command(args: &RegimesArgs) -> String {
    let short = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = String::from("kestrel data regimes --data");
    // Writing to a string cannot fail.
    for name in &args.data {
        let _ = write!(text, " {}", short(name));
    }
    if let Some(to) = args.to {
        let _ = write!(text, " --to {}", utc(to).replace(' ', "T"));
    }
    let _ = write!(text, " --out {}", short(&args.out));
    text
}

fn text(fit: &Fit, out: &Path) -> String {
    let mut text = format!("{} written\n", out.display());
    for data in &fit.model.data {
        let (first, last) = (utc(Time::from_millis(data.first)), utc(Time::from_millis(data.last)));
        let _ = writeln!(text, "  {} {} bars from {first} to {last} UTC", data.symbol, data.bars);
    }
    for (penalty, switches) in &fit.tried {
        let _ = writeln!(text, "  penalty {penalty}: {switches:.2} changes of the regime a day");
    }
    let _ = writeln!(text, "  objective {:.0} after {} rounds; centres in deviations:", fit.objective, fit.rounds);
    for (regime, [drift, volatility]) in NAMES.iter().zip(&fit.model.centres) {
        let _ = writeln!(text, "  {:<10} drift {drift:+.2}, volatility {volatility:+.2}", regime.name());
    }
    text
}
