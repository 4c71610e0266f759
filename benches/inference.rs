//! Models in our sessions beside the Python binding: single rows on one thread, and batches on processor and card.
//!
//! `cargo bench --bench inference [-- FILE.onnx ...]`; without files the shipped models of `models/`. The library comes from
//! ORT_DYLIB_PATH or is found as the program finds it; Python from KESTREL_PYTHON, else `target/python/bin/python`.
//! Invariant: both sides run the same file and row in one run, in turns; the best round of each counts.
//! Absent on purpose: loading a model, which happens once.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kestrel::inference::library::find;
use kestrel::inference::onnx::messages::ModelProto;
use kestrel::inference::provider::{CardTrial, prove};
use kestrel::inference::{Device, Library, LibraryPlan, Provider, Session};
use prost::Message;

const CALLS: usize = 20_000;
const ROUNDS: usize = 3;
const BATCHES: [usize; 4] = [1, 10, 100, 1_000];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<PathBuf> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).map(Into::into).collect();
    let files = if named.is_empty() { shipped(&root.join("models"))? } else { named };
    if files.is_empty() {
        println!("no model lies in models/; name ONNX files: cargo bench --bench inference -- FILE.onnx");
        return Ok(());
    }
    let home = std::env::var_os("KESTREL_HOME").map(PathBuf::from).unwrap_or_default();
    let library = find(&LibraryPlan { named: None, home, device: Device::Auto })?;
    println!("{library}\n");
    println!("| model | side | median µs | p99 µs |\n|---|---|--:|--:|");
    for file in &files {
        singles(root, file, &library)?;
    }
    println!("\n| model | rows | cpu µs | cuda µs | largest difference |\n|---|--:|--:|--:|--:|");
    for file in &files {
        batches(file, &library)?;
    }
    Ok(())
}

fn shipped(models: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(models)?.flatten().filter(|entry| entry.path().is_dir()) {
        let inside = std::fs::read_dir(folder.path())?.flatten().map(|entry| entry.path());
        files.extend(inside.filter(|path| path.extension().is_some_and(|extension| extension == "onnx")));
    }
    files.sort();
    Ok(files)
}

fn width(onnx: &[u8]) -> Outcome<usize> {
    let graph = ModelProto::decode(onnx)?.graph.ok_or("the file has no graph")?;
    let input = graph.input.first().and_then(|input| input.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref());
    let last = input.and_then(|shape| shape.dim.last()?.dim_value).ok_or("the input has no width")?;
    Ok(usize::try_from(last)?)
}

fn row(width: usize) -> Vec<f32> {
    (0..width).map(|i| (i as f64 * 0.754_877_666).fract() as f32 - 0.5).collect()
}

fn name(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

fn singles(root: &Path, file: &Path, library: &Library) -> Outcome<()> {
    let onnx = std::fs::read(file)?;
    let row = row(width(&onnx)?);
    let mut session = Session::open(&onnx, row.len(), library, Provider::Cpu)?;
    let (mut ours, mut theirs) = (None, None);
    for _ in 0..ROUNDS {
        ours = better(ours, Some(own(&mut session, &row)?));
        theirs = better(theirs, python(root, file, &row)?);
    }
    for (side, times) in [("kestrel", ours), ("Python, run_with_iobinding", theirs)] {
        let shown = |time: Option<Duration>| time.map_or("not run".into(), micros);
        let (median, p99) = (times.map(|times| times.0), times.map(|times| times.1));
        println!("| {} | {side} | {} | {} |", name(file), shown(median), shown(p99));
    }
    Ok(())
}

/// Median and 99th percentile.
type Times = (Duration, Duration);

fn better(a: Option<Times>, b: Option<Times>) -> Option<Times> {
    a.into_iter().chain(b).min()
}

fn own(session: &mut Session, row: &[f32]) -> Outcome<Times> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..200 {
        session.run(row)?;
    }
    for _ in 0..CALLS {
        let before = Instant::now();
        std::hint::black_box(session.run(row)?);
        times.push(before.elapsed());
    }
    times.sort_unstable();
    Ok((times[CALLS / 2], times[CALLS * 99 / 100]))
}

/// `None` where there is no Python with the binding.
fn python(root: &Path, file: &Path, row: &[f32]) -> Outcome<Option<Times>> {
    let python = std::env::var_os("KESTREL_PYTHON").map(PathBuf::from);
    let python = python.unwrap_or_else(|| root.join("target/python/bin/python"));
    if !python.exists() {
        return Ok(None);
    }
    let rows = std::env::temp_dir().join(format!("kestrel-bench-{}.f32", std::process::id()));
    std::fs::write(&rows, row.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())?;
    let script = root.join("tests/python/rows.py");
    let ran = Command::new(python).arg(script).arg(file).arg(&rows).arg("--time").arg(CALLS.to_string()).output()?;
    std::fs::remove_file(&rows)?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
    }
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let numbers: Vec<u64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [median, p99] = numbers[..] else { return Err(said.into()) };
    Ok(Some((Duration::from_nanos(median), Duration::from_nanos(p99))))
}

fn batches(file: &Path, library: &Library) -> Outcome<()> {
    let onnx = std::fs::read(file)?;
    let width = width(&onnx)?;
    for batch in BATCHES {
        let (_, proof) = prove(&onnx, width, library, Device::Auto, batch)?;
        let (cuda, difference) = match &proof.card {
            CardTrial::NotTried => ("no CUDA here".into(), String::new()),
            CardTrial::Refused(why) => (why.clone(), String::new()),
            CardTrial::Timed { timed, difference } => (micros(timed.batch), difference.to_string()),
        };
        println!("| {} | {batch} | {} | {cuda} | {difference} |", name(file), micros(proof.cpu.batch));
    }
    Ok(())
}

fn micros(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e6)
}
