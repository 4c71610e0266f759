//! `doctor`: what runs models here, and the one command that brings the next better thing.
//!
//! Invariant: nothing is loaded over the network without `--install`, and nothing large without a yes.
//! Absent on purpose: finding and fetching (`inference`).

use std::io::{BufRead, IsTerminal, Write};

use clap::{Args, ValueEnum};

use super::Output;
use super::failure::Failure;
use super::globals::Globals;
use super::progress::ProgressLine;
use crate::app::doctor::{self, Examination, FoundReport, ModelReport};
use crate::inference::fetch::FetchError;
use crate::inference::{Build, Device, FetchPlan};

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Fetch ONNX Runtime with pip: for the processor (24 MB), or with CUDA (1.6 GB)
    #[arg(long, value_name = "BUILD", value_enum)]
    pub install: Option<InstallBuild>,
    /// Do not ask before a large download
    #[arg(long, requires = "install")]
    pub yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InstallBuild {
    Cpu,
    Cuda,
}

pub fn execute(args: &DoctorArgs, globals: &Globals) -> Result<Output, Failure> {
    let (config, _) = globals.settings()?;
    let home = globals.home()?;
    globals.start_log(true)?;
    let installed = match args.install {
        None => None,
        Some(wanted) => {
            let build = match wanted {
                InstallBuild::Cpu => Build::Cpu,
                InstallBuild::Cuda => Build::Cuda,
            };
            consent(build, args.yes)?;
            let (load, _) = build.megabytes();
            let line = ProgressLine::new(&format!("fetching ONNX Runtime with pip ({load} MB)"), None);
            let path = doctor::install(FetchPlan::new(build, home.clone()))?;
            drop(line);
            Some(path)
        }
    };
    let models = doctor::models(&config, &home)?;
    let found = doctor::examine(&config, config.inference.library(&home), models);
    let mut json = serde_json::to_value(&found).map_err(|error| Failure::Bug(error.to_string()))?;
    json["installed"] = installed.clone().into();
    Ok(Output::Report { text: text(&found, installed.as_deref()), json })
}

/// A small download needs no yes: the command was one.
fn consent(build: Build, yes: bool) -> Result<(), Failure> {
    let (load, disk) = build.megabytes();
    if yes || build == Build::Cpu {
        return Ok(());
    }
    let size = format!("ONNX Runtime with CUDA is {load} MB to load and {disk} MB on the disk");
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("{size}; add --yes to load it without being asked")));
    }
    let mut stderr = std::io::stderr().lock();
    // A closed stderr asks nobody, and nobody says yes.
    let _ = write!(stderr, "{size}. Load it? [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::Interrupted("nothing was loaded; add --yes to load it without being asked".into()))
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        let text = error.to_string();
        match error {
            FetchError::Unsupported(_) => Failure::Usage(text),
            FetchError::Pip(_) => Failure::Network(text),
            FetchError::Disk(_) => Failure::Data(text),
            FetchError::Cancelled(_) => Failure::Interrupted(text),
        }
    }
}

fn text(found: &Examination, installed: Option<&str>) -> String {
    let mut lines = Vec::new();
    lines.extend(installed.map(|path| format!("installed  {path}")));
    lines.push(format!("library    {}", found.onnxruntime.sentence));
    let chosen = found.onnxruntime.path.as_deref();
    let others = found.found.iter().filter(|other| Some(other.path.as_str()) != chosen);
    lines.extend(others.map(|other| format!("also found {}", other_line(other))));
    lines.push(format!("card       {}", card_line(found)));
    if found.models.is_empty() {
        lines.push("models     none are installed".into());
    }
    lines.extend(found.models.iter().map(|model| format!("model      {}", model_line(model))));
    lines.push(match &found.next {
        Some(next) => format!("next       {}  ({})", next.command, next.why),
        None => "next       nothing here would be better for a command of this program".into(),
    });
    lines.join("\n")
}

fn other_line(other: &FoundReport) -> String {
    match (&other.version, &other.refused) {
        (_, Some(why)) => format!("{} ({}): {why}", other.path, other.origin),
        (version, None) => {
            let kind = if other.cuda { " with CUDA" } else { "" };
            format!("{} ({}): {}{kind}", other.path, other.origin, version.as_deref().unwrap_or("unknown version"))
        }
    }
}

fn card_line(found: &Examination) -> String {
    let there = if found.card { "an NVIDIA card is in this machine" } else { "no NVIDIA card was found" };
    match found.inference_device {
        Device::Cpu => format!("{there}; `inference_device` is \"cpu\""),
        Device::Cuda => format!("{there}; `inference_device` is \"cuda\""),
        Device::Auto => there.to_string(),
    }
}

fn model_line(model: &ModelReport) -> String {
    let name = format!("{} ({})", model.name, model.slot);
    let Some(provider) = model.provider else {
        return format!("{name} does not run: {}", model.error.as_deref().unwrap_or("it was not tried"));
    };
    let batch = model.batch;
    let times = |times: [f64; 2]| format!("{} µs for 1 row, {} µs for {batch}", times[0], times[1]);
    let mut line = format!("{name} runs on {provider}");
    line.extend(model.cpu_us.map(|us| format!("; cpu {}", times(us))));
    line.extend(model.cuda_us.map(|us| format!("; cuda {}", times(us))));
    line.extend(model.difference.map(|difference| format!("; outputs differ by {difference}")));
    line.extend(model.alarm.iter().map(|alarm| format!("; {alarm}")));
    line
}
