//! Where a model is computed: the processor or a CUDA card, decided by a timed proof on the model itself.
//!
//! Invariant: a provider is taken only after it gave the processor's outputs within the tolerance; what was refused keeps
//! its reason, so that nothing falls back in silence.
//! Absent on purpose: finding the library (`library`), running it (`session`).

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::library::{self, Library};
use super::session::{Session, SessionError};

/// Largest difference of outputs between two providers.
pub const TOLERANCE: f32 = 1e-4;
/// A call is timed this often, or as often as fits into the time.
const MOST_RUNS: usize = 200;
const MOST_TIME: Duration = Duration::from_millis(30);
const LEAST_RUNS: usize = 5;

/// What the settings ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The faster one of what is there.
    #[default]
    Auto,
    Cpu,
    /// The card, even where the processor is faster.
    Cuda,
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Cpu,
    Cuda,
}

/// Median times of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// With one row.
    pub one: Duration,
    /// With `Proof::batch` rows.
    pub batch: Duration,
}

/// What became of the card.
#[derive(Debug, Clone, PartialEq)]
pub enum CardTrial {
    /// The settings want the processor, or nothing here has anything to do with CUDA.
    NotTried,
    /// A sentence without its end: why it cannot be used.
    Refused(String),
    Timed {
        timed: Timed,
        /// From the processor's outputs.
        difference: f32,
    },
}

/// The proof of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    pub chosen: Provider,
    /// Rows of the batch: the symbols of the run, at least one.
    pub batch: usize,
    pub cpu: Timed,
    pub card: CardTrial,
    /// What people must be told, where it is not what they asked for.
    pub alarm: Option<String>,
}

/// Opens the model on the processor, on the card too where that is wanted and there, and gives the better one.
pub fn prove(
    onnx: &[u8],
    width: usize,
    library: &Library,
    device: Device,
    batch: usize,
) -> Result<(Session, Proof), SessionError> {
    let batch = batch.max(1);
    let rows = samples(width * batch);
    let mut cpu_session = Session::open(onnx, width, library, Provider::Cpu)?;
    let (cpu, expected) = time(&mut cpu_session, &rows, batch)?;
    let (card_session, card) = try_card(onnx, width, library, device, &rows, &expected);
    let chosen = decide(device, batch, cpu, &card);
    let alarm = alarm(device, &card);
    let session = match (chosen, card_session) {
        (Provider::Cuda, Some(session)) => session,
        (Provider::Cuda, None) | (Provider::Cpu, _) => cpu_session,
    };
    let proof = Proof { chosen: session.provider(), batch, cpu, card, alarm };
    Ok((session, proof))
}

fn try_card(
    onnx: &[u8],
    width: usize,
    library: &Library,
    device: Device,
    rows: &[f32],
    expected: &[f32],
) -> (Option<Session>, CardTrial) {
    if device == Device::Cpu || device == Device::Auto && !library.has_cuda {
        return (None, CardTrial::NotTried);
    }
    if !library.has_cuda {
        // The library itself would fall back in silence.
        let why = format!("{} is a build for the processor alone", library.path.display());
        return (None, CardTrial::Refused(why));
    }
    library::preload_cuda(library);
    let batch = expected.len();
    let timed = Session::open(onnx, width, library, Provider::Cuda)
        .and_then(|mut session| time(&mut session, rows, batch).map(|(timed, outputs)| (session, timed, outputs)));
    match timed {
        Ok((session, timed, outputs)) => {
            let difference = largest_difference(expected, &outputs);
            (Some(session), CardTrial::Timed { timed, difference })
        }
        Err(error) => (None, CardTrial::Refused(error.to_string())),
    }
}

/// Of two that agree the faster one, for as many rows as the run has symbols.
fn decide(device: Device, batch: usize, cpu: Timed, card: &CardTrial) -> Provider {
    let CardTrial::Timed { timed, difference } = card else { return Provider::Cpu };
    // Not a number is no agreement.
    let agrees = *difference <= TOLERANCE;
    let is_faster = if batch > 1 { timed.batch < cpu.batch } else { timed.one < cpu.one };
    match device {
        Device::Cpu => Provider::Cpu,
        Device::Cuda if agrees => Provider::Cuda,
        Device::Auto if agrees && is_faster => Provider::Cuda,
        Device::Cuda | Device::Auto => Provider::Cpu,
    }
}

fn alarm(device: Device, card: &CardTrial) -> Option<String> {
    match card {
        CardTrial::NotTried => None,
        CardTrial::Refused(why) if device == Device::Cuda => {
            Some(format!("`inference_device` is \"cuda\", but the model runs on the processor: {why}"))
        }
        CardTrial::Refused(why) => Some(format!("the card is not used: {why}")),
        CardTrial::Timed { difference, .. } if *difference <= TOLERANCE => None,
        CardTrial::Timed { difference, .. } => Some(format!(
            "the card is not used: its outputs differ from the processor's by {difference}, allowed is {TOLERANCE}"
        )),
    }
}

/// Median times of one row and of all rows, and the outputs of all rows.
fn time(session: &mut Session, rows: &[f32], batch: usize) -> Result<(Timed, Vec<f32>), SessionError> {
    let mut outputs = vec![0.0; batch];
    session.run_rows(rows, &mut outputs)?;
    let mut first = [0.0];
    let width = rows.len() / batch;
    let one = median_time(|| session.run_rows(&rows[..width], &mut first))?;
    let whole = if batch == 1 { one } else { median_time(|| session.run_rows(rows, &mut outputs))? };
    Ok((Timed { one, batch: whole }, outputs))
}

fn median_time(mut call: impl FnMut() -> Result<(), SessionError>) -> Result<Duration, SessionError> {
    // The first calls make room in the library.
    call()?;
    call()?;
    let begin = Instant::now();
    let mut times = Vec::with_capacity(MOST_RUNS);
    while times.len() < LEAST_RUNS || times.len() < MOST_RUNS && begin.elapsed() < MOST_TIME {
        let before = Instant::now();
        call()?;
        times.push(before.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// NaN where one of the two is not finite.
fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    let worst = |worst: f32, (a, b): (&f32, &f32)| {
        let difference = (a - b).abs();
        if difference > worst || difference.is_nan() { difference } else { worst }
    };
    a.iter().zip(b).fold(0.0, worst)
}

/// The same numbers each time, evenly spread over -2 to 2 (additive recurrence with the golden ratio).
fn samples(count: usize) -> Vec<f32> {
    (1..=count).map(|i| (i as f64 * 0.618_033_988_749_895).fract() as f32 * 4.0 - 2.0).collect()
}

impl Device {
    pub const ALL: [Device; 3] = [Device::Auto, Device::Cpu, Device::Cuda];

    pub const fn as_str(self) -> &'static str {
        match self {
            Device::Auto => "auto",
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
        }
    }

    pub fn parse(text: &str) -> Option<Device> {
        Device::ALL.into_iter().find(|device| device.as_str() == text)
    }
}

impl Provider {
    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Cpu => "cpu",
            Provider::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{CardTrial, Device, Duration, Provider, Timed, alarm, decide, largest_difference};

    fn timed(one: u64, batch: u64) -> Timed {
        Timed { one: Duration::from_micros(one), batch: Duration::from_micros(batch) }
    }

    fn card(one: u64, batch: u64, difference: f32) -> CardTrial {
        CardTrial::Timed { timed: timed(one, batch), difference }
    }

    #[test]
    fn the_faster_one_for_the_symbols_of_the_run_is_taken() {
        let cpu = timed(10, 900);
        assert_eq!(decide(Device::Auto, 1, cpu, &card(40, 50, 0.0)), Provider::Cpu);
        assert_eq!(decide(Device::Auto, 100, cpu, &card(40, 50, 0.0)), Provider::Cuda);
        assert_eq!(decide(Device::Cuda, 1, cpu, &card(40, 50, 0.0)), Provider::Cuda);
        assert_eq!(decide(Device::Cpu, 100, cpu, &card(40, 50, 0.0)), Provider::Cpu);
    }

    #[test]
    fn a_card_that_computes_something_else_is_not_taken_and_said_aloud() {
        for difference in [1e-3, f32::NAN, f32::INFINITY] {
            let trial = card(1, 1, difference);
            assert_eq!(decide(Device::Cuda, 1, timed(10, 10), &trial), Provider::Cpu);
            assert!(alarm(Device::Auto, &trial).is_some_and(|said| said.contains("differ")));
        }
        assert_eq!(alarm(Device::Auto, &card(1, 1, 1e-5)), None);
    }

    #[test]
    fn outputs_that_are_no_numbers_agree_with_nothing() {
        assert!(largest_difference(&[0.5, f32::NAN], &[0.5, f32::NAN]).is_nan());
        assert!(largest_difference(&[f32::NAN, 0.5], &[0.5, 0.5]).is_nan());
        assert_eq!(largest_difference(&[0.5, 0.25], &[0.5, 0.5]), 0.25);
    }
}
