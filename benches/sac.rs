//! The SAC race: our trainer beside stable-baselines3, SBX and a script in CleanRL's style, on the same work in one
//! run.
//!
//! `cargo bench --bench sac [-- STEPS]`: a trading environment of 64 observations and one action, networks 256x256,
//! batch 256, a memory of 100,000, 100 steps at random, then one update a step, one thread. Steps a second are counted
//! after 300 steps. KESTREL_DATA gives the bars (a year of its klines), else they are generated. With KESTREL_PEERS
//! (the folder of the scripts), KESTREL_RL_PYTHON and KESTREL_PEER_DATA (the folder of klines_1y.parquet, which then is
//! ours too) the others run beside, in turns; the best round of each counts.
//! Invariant: each side acts in the environment of `sac_env.py` with the same settings.
//! Absent on purpose: what is learnt here, which is nothing.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kestrel::domain::{Seed, Time};
use kestrel::store::Column;
use kestrel::store::scan::{Scan, ScanPlan};
use kestrel::training::TrainingError;
use kestrel::training::environment::{End, Environment, Outcome};
use kestrel::training::sac::kernel::{Matrix, product};
use kestrel::training::sac::{Agent, Batch, SacSettings};
use kestrel::training::synthetic::{Edge, SyntheticMarket};
use kestrel::training::trainer::{Trainer, TrainerSettings};

const WARM: u64 = 300;
const ROUNDS: usize = 2;
const WINDOW: usize = 60;
const SEEN: usize = 64;
const COST: f32 = 0.04;

type Answer<T> = Result<T, Box<dyn Error>>;

fn main() -> Answer<()> {
    let steps = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(3_000);
    let closes = closes()?;
    println!("{} closes, {steps} steps\n", closes.len());
    products();
    parts();
    let mut rows: Vec<(String, Rate)> = Vec::new();
    for round in 0..ROUNDS as u64 {
        for (name, layer_norm) in [("kestrel", false), ("kestrel, LayerNorm", true)] {
            keep(&mut rows, name, ours(&closes, steps, layer_norm, round)?);
        }
        for (name, script) in [
            ("SBX (JAX)", &["sac_sb3.py", "--lib", "sbx"][..]),
            ("stable-baselines3", &["sac_sb3.py", "--lib", "sb3"]),
            ("CleanRL style", &["sac_cleanrl.py"]),
        ] {
            if let Some(rate) = peer(script, steps, round)? {
                keep(&mut rows, name, rate);
            }
        }
    }
    println!("\n| side | steps a second | steps a CPU second | kestrel with LayerNorm is |\n|---|--:|--:|--:|");
    let own = rows[1].1;
    for (name, rate) in &rows {
        let times = own.cpu / rate.cpu;
        println!("| {name} | {:.1} | {:.1} | {times:.2} times as fast |", rate.wall, rate.cpu);
    }
    Ok(())
}

/// Steps a second of the clock on the wall, and of CPU time.
#[derive(Debug, Clone, Copy)]
struct Rate {
    wall: f64,
    cpu: f64,
}

fn keep(rows: &mut Vec<(String, Rate)>, name: &str, rate: Rate) {
    match rows.iter_mut().find(|(known, _)| known == name) {
        Some((_, best)) => *best = Rate { wall: best.wall.max(rate.wall), cpu: best.cpu.max(rate.cpu) },
        None => rows.push((name.to_owned(), rate)),
    }
}

fn ours(closes: &[f64], steps: u64, layer_norm: bool, seed: u64) -> Answer<Rate> {
    let sac = SacSettings { layer_norm, ..SacSettings::default() };
    let settings = TrainerSettings { sac, start_steps: 100, capacity: 100_000, ..TrainerSettings::default() };
    let mut trainer = Trainer::new(settings, vec![Exposure::new(closes)], Seed(seed))?;
    while trainer.steps() < WARM {
        trainer.step()?;
    }
    let (wall, cpu) = (Instant::now(), cpu_time());
    while trainer.steps() < steps {
        trainer.step()?;
    }
    let count = (steps - WARM) as f64;
    Ok(Rate { wall: count / wall.elapsed().as_secs_f64(), cpu: count / (cpu_time() - cpu).as_secs_f64() })
}

/// `None` where the others are not set up.
fn peer(words: &[&str], steps: u64, seed: u64) -> Answer<Option<Rate>> {
    let [scripts, python, data] = ["KESTREL_PEERS", "KESTREL_RL_PYTHON", "KESTREL_PEER_DATA"].map(std::env::var_os);
    let (Some(scripts), Some(python), Some(data)) = (scripts, python, data) else { return Ok(None) };
    let mut command = Command::new(python);
    command.arg(Path::new(&scripts).join(words[0])).args(&words[1..]).arg("--data").arg(data);
    command.args(["--env", "trade", "--threads", "1", "--warm", "300"]);
    let ran = command.args(["--steps", &steps.to_string(), "--seed", &seed.to_string()]).output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
    }
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line = said.lines().rfind(|line| line.starts_with('{')).ok_or("a peer said nothing")?;
    let said: serde_json::Value = serde_json::from_str(line)?;
    let rate = |name: &str| said[name].as_f64().ok_or_else(|| format!("a peer said no {name}: {line}"));
    Ok(Some(Rate { wall: rate("env_steps_per_s")?, cpu: rate("updates_per_user_s")? }))
}

/// `TradeEnv` of `sac_env.py`: the last 60 log returns, deviation, an hour's momentum, the hour and the position are
/// seen; the action is the position of the next minute.
struct Exposure {
    /// Log returns times 500, cut at plus and minus 5.
    scaled: Vec<f32>,
    /// Log returns of the next minute times 100.
    earned: Vec<f32>,
    /// Deviation, momentum, hour.
    extra: Vec<[f32; 3]>,
    at: usize,
    position: f32,
}

impl Exposure {
    fn new(closes: &[f64]) -> Exposure {
        let returns: Vec<f64> = closes.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
        let extra = |window: (usize, &[f64])| {
            let (at, sum) = (window.0 + WINDOW, window.1.iter().sum::<f64>());
            let squares = window.1.iter().map(|x| x * x).sum::<f64>();
            let hour = std::f64::consts::TAU * (at % 1_440) as f64 / 1_440.0;
            let deviation = ((squares / WINDOW as f64).sqrt() * 1_000.0).clamp(0.0, 5.0);
            [deviation as f32, (sum * 60.0).clamp(-5.0, 5.0) as f32, hour.sin() as f32]
        };
        Exposure {
            scaled: returns.iter().map(|x| (x * 500.0).clamp(-5.0, 5.0) as f32).collect(),
            earned: returns[WINDOW..].iter().map(|x| (x * 100.0) as f32).collect(),
            extra: returns.windows(WINDOW).enumerate().take(returns.len() - WINDOW).map(extra).collect(),
            at: 0,
            position: 0.0,
        }
    }
}

impl Environment for Exposure {
    fn fingerprint(&self) -> u64 {
        self.scaled.len() as u64
    }

    fn observation_len(&self) -> usize {
        SEEN
    }

    fn action_len(&self) -> usize {
        1
    }

    fn reset(&mut self, _: u64) -> Result<(), TrainingError> {
        (self.at, self.position) = (0, 0.0);
        Ok(())
    }

    fn observe(&self, out: &mut [f32]) {
        out[..WINDOW].copy_from_slice(&self.scaled[self.at..self.at + WINDOW]);
        out[WINDOW..WINDOW + 3].copy_from_slice(&self.extra[self.at]);
        out[WINDOW + 3] = self.position;
    }

    fn step(&mut self, action: &[f32]) -> Result<Outcome, TrainingError> {
        let position = action[0].clamp(-1.0, 1.0);
        let reward = position * self.earned[self.at] - COST * (position - self.position).abs();
        self.position = position;
        self.at += 1;
        let end = if self.at + 1 >= self.extra.len() { End::Truncated } else { End::Goes };
        Ok(Outcome { reward, end })
    }
}

/// GFLOP a second of the matrix products of an update, in the shapes and orders in which they occur.
fn products() {
    println!("| product | µs | GFLOP a second |\n|---|--:|--:|");
    let (left, right, mut out) = (vec![0.5_f32; 1 << 19], vec![0.25_f32; 1 << 19], vec![0.0_f32; 1 << 19]);
    let matrix = |numbers, rows, columns, stride| Matrix::new(numbers, rows, columns, stride);
    let mut show = |name: &str, a: Matrix<'_>, b: Matrix<'_>, (flop, stride): (f64, usize)| {
        let best = best_of(|| (0..200).for_each(|_| product(a, b, &mut out, stride))) / 200;
        println!("| {name} | {:.0} | {:.0} |", best.as_secs_f64() * 1e6, flop / best.as_secs_f64() * 1e-9);
    };
    let cube = 2.0 * 256.0_f64.powi(3);
    let first = 2.0 * 256.0 * 65.0 * 512.0;
    show("forward, 256x65 by 65x512", matrix(&left, 256, 65, 65), matrix(&right, 65, 512, 512), (first, 512));
    show("forward, 256x256 by 256x256", matrix(&left, 256, 256, 512), matrix(&right, 256, 256, 256), (cube, 512));
    let turned = matrix(&left, 256, 256, 512).transposed();
    show("of weights, 256x256 turned by 256x256", turned, matrix(&right, 256, 256, 512), (cube, 256));
    let turned = matrix(&right, 256, 256, 256).transposed();
    show("of inputs, 256x256 by 256x256 turned", matrix(&left, 256, 256, 512), turned, (cube, 512));
    let turned = matrix(&left, 256, 65, 65).transposed();
    show("of first weights, 65x256 by 256x512", turned, matrix(&right, 256, 512, 512), (first, 512));
}

/// An update alone, without environment and memory.
fn parts() {
    println!("\n| update alone | ms |\n|---|--:|");
    for layer_norm in [false, true] {
        let settings = SacSettings { layer_norm, ..SacSettings::default() };
        let mut agent = Agent::new(&settings, SEEN, 1, Seed(1)).unwrap_or_else(|refused| panic!("{refused}"));
        let mut batch = Batch::new(settings.batch, SEEN, 1);
        let wave = |at: usize| (at as f32 * 0.754_877_7).fract() - 0.5;
        for numbers in [&mut batch.observations, &mut batch.next_observations, &mut batch.actions, &mut batch.rewards] {
            numbers.iter_mut().enumerate().for_each(|(at, number)| *number = wave(at));
        }
        batch.discounts.fill(0.99);
        let mut random = Seed(2).stream("noise");
        let best = best_of(|| {
            for _ in 0..100 {
                agent.update(&batch, &mut random);
            }
        });
        println!("| LayerNorm: {layer_norm} | {:.2} |", best.as_secs_f64() * 10.0);
    }
}

fn best_of(mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let before = cpu_time();
        work();
        cpu_time() - before
    };
    once();
    (0..4).map(|_| once()).min().unwrap_or_default()
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn closes() -> Answer<Vec<f64>> {
    let named = std::env::var_os("KESTREL_PEER_DATA").map(|folder| PathBuf::from(folder).join("klines_1y.parquet"));
    let year = std::env::var_os("KESTREL_DATA").map(PathBuf::from);
    let year = year.map(|folder| folder.join("klines/BTCUSDT-spot-1m-2023-09-01_2024-08-31.parquet"));
    let Some(file) = named.or(year) else {
        let generated = SyntheticMarket::new(Seed(1), "bench", Edge::None).bars(100_000);
        return Ok(generated.iter().map(|bar| bar.close).collect());
    };
    let always = (Time(0), Time(i64::MAX));
    let plan = ScanPlan { files: vec![file], columns: vec![Column::Close], from: always.0, to: always.1 };
    let (mut scan, mut closes) = (Scan::new(plan), Vec::new());
    while let Some(batch) = scan.next_batch()? {
        closes.extend_from_slice(&batch.dense(Column::Close));
    }
    Ok(closes)
}
