//! Fetches the native library with the user's own pip: pinned, checked against its hash, and put in place whole or not at all.
//!
//! Invariant: nothing is in the home folder's `runtime` but what pip checked against its hash and the library itself then
//! answered; whatever fails leaves what was there, ends in bounded time and says in one sentence what to do.
//! Absent on purpose: asking a person (`cli/doctor`), choosing a library (`library`).

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::child::{self, ChildError, Done};
use super::library::{INSTALL_CPU, INSTALL_CUDA};
use super::search::RUNTIME_FOLDER;

/// Version of both builds.
pub const VERSION: &str = "1.31.1";
/// The wheel with its hash, as pip reads it.
const CPU_REQUIREMENTS: &str = include_str!("../../assets/onnxruntime.txt");
const CUDA_REQUIREMENTS: &str = include_str!("../../assets/onnxruntime-cuda.txt");
/// The library inside the wheel; the Python version of the wheel does not matter to it.
const MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.31.1";
/// A library of this size is none of ours.
const MOST_BYTES: u64 = 200 << 20;
/// How to call pip, in this order.
const PIPS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Which build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    Cpu,
    Cuda,
}

#[derive(Debug, Clone)]
pub struct FetchPlan {
    pub build: Build,
    pub home: PathBuf,
    /// Longest time for pip.
    pub limit: Duration,
    /// What is called in place of the user's pip.
    pub pip: Option<Vec<OsString>>,
}

/// Full sentences, by what the caller must do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nothing is published for this machine.
    #[error("{0}")]
    Unsupported(String),
    /// Pip is missing, failed, took too long or brought something else.
    #[error("{0}")]
    Pip(String),
    #[error("{0}")]
    Disk(String),
    #[error("{0}")]
    Cancelled(String),
}

/// A fetch on a thread of its own.
pub struct Fetching {
    thread: Option<JoinHandle<Result<PathBuf, FetchError>>>,
    stop: Arc<AtomicBool>,
}

impl Build {
    pub const fn command(self) -> &'static str {
        match self {
            Build::Cpu => INSTALL_CPU,
            Build::Cuda => INSTALL_CUDA,
        }
    }

    /// What is loaded over the network and what it takes on the disk, in MB.
    pub const fn megabytes(self) -> (u32, u32) {
        match self {
            Build::Cpu => (24, 29),
            Build::Cuda => (1_570, 2_400),
        }
    }

    const fn requirements(self) -> &'static str {
        match self {
            Build::Cpu => CPU_REQUIREMENTS,
            Build::Cuda => CUDA_REQUIREMENTS,
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Build::Cpu => "onnxruntime-1.31.1",
            Build::Cuda => "onnxruntime-gpu-1.31.1",
        }
    }

    /// Where the library lies in its folder.
    const fn library(self) -> &'static str {
        match self {
            Build::Cpu => "libonnxruntime.so.1.31.1",
            Build::Cuda => MEMBER,
        }
    }
}

impl FetchPlan {
    pub fn new(build: Build, home: PathBuf) -> FetchPlan {
        let minutes = match build {
            Build::Cpu => 10,
            Build::Cuda => 120,
        };
        FetchPlan { build, home, limit: Duration::from_secs(60 * minutes), pip: None }
    }
}

impl Fetching {
    pub fn start(plan: FetchPlan, stop: Arc<AtomicBool>) -> Result<Fetching, String> {
        let cancel = stop.clone();
        let work = move || fetch(&plan, &cancel);
        let thread = std::thread::Builder::new().name("fetch".into()).spawn(work);
        let thread =
            thread.map_err(|error| format!("ONNX Runtime cannot be fetched ({error}); run `{INSTALL_CPU}`"))?;
        Ok(Fetching { thread: Some(thread), stop })
    }

    /// The path of the library or a sentence, once.
    pub fn done(&mut self) -> Option<Result<PathBuf, String>> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        let ended = thread.join().map_err(|_| format!("the fetch of ONNX Runtime ended badly; run `{INSTALL_CPU}`"));
        Some(ended.and_then(|done| done.map_err(|error| error.to_string())))
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop.store(true, Ordering::Relaxed);
            let _ = thread.join();
        }
    }
}

/// The path of the library.
pub fn fetch(plan: &FetchPlan, cancel: &AtomicBool) -> Result<PathBuf, FetchError> {
    let build = plan.build;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(FetchError::Unsupported(
            "ONNX Runtime is fetched for Linux on x86-64 only; install it yourself and name it with the key \
             `onnxruntime` of the settings"
                .into(),
        ));
    }
    let runtime = plan.home.join(RUNTIME_FOLDER);
    let staging = Staging::create(&runtime).map_err(|error| unwritable(&runtime, &error))?;
    let written = staging.write("requirements.txt", build.requirements());
    let requirements = written.map_err(|error| unwritable(&staging.folder, &error))?;
    let target = staging.folder.join(build.folder());
    match build {
        Build::Cpu => {
            pip(plan, &["download", "-d"], &staging.folder, &requirements, cancel)?;
            let wheel = staging.wheel().ok_or_else(|| failed(build, "pip left no wheel", "try again"))?;
            unpack(&wheel, &target).map_err(|why| failed(build, &why, "try again"))?;
        }
        Build::Cuda => {
            pip(plan, &["install", "--no-compile", "--target"], &target, &requirements, cancel)?;
        }
    }
    let library = target.join(build.library());
    let judge = |path: &Path| super::elf::check(path).and_then(|()| answers(path));
    judge(&library).map_err(|why| failed(build, &format!("what was fetched cannot be used: {why}"), "try again"))?;
    let place = runtime.join(build.folder());
    put(&staging, &target, &place).map_err(|error| unwritable(&runtime, &error))?;
    Ok(place.join(build.library()))
}

fn answers(path: &Path) -> Result<(), String> {
    match ort::util::probe(path) {
        Some(minor) if minor >= super::library::LEAST_MINOR => Ok(()),
        Some(minor) => Err(format!("it is version 1.{minor}")),
        None => Err("it is not ONNX Runtime for this machine".into()),
    }
}

/// Calls the first pip that is there.
fn pip(
    plan: &FetchPlan,
    verb: &[&str],
    folder: &Path,
    requirements: &Path,
    cancel: &AtomicBool,
) -> Result<(), FetchError> {
    let own: Vec<Vec<OsString>> = match &plan.pip {
        Some(own) => vec![own.clone()],
        None => PIPS.iter().map(|words| words.iter().map(OsString::from).collect()).collect(),
    };
    for words in own {
        let [program, first @ ..] = words.as_slice() else { continue };
        let mut command = Command::new(program);
        command.args(first).args(verb).arg(folder).args(options(plan.build)).arg("-r").arg(requirements);
        match child::run(command, plan.limit, cancel) {
            Ok(done) if done.succeeded => return Ok(()),
            Ok(done) if has_no_pip(&done) => {}
            // The key press that stops this program may have stopped pip first.
            Ok(_) if cancel.load(Ordering::Relaxed) => return Err(stopped(plan.build)),
            Ok(done) => return Err(failed(plan.build, &said(&done), "check the network")),
            Err(ChildError::Missing) => {}
            Err(ChildError::Cancelled) => return Err(stopped(plan.build)),
            Err(error @ (ChildError::Late(_) | ChildError::Start(_))) => {
                return Err(failed(plan.build, &error.to_string(), "check the network"));
            }
        }
    }
    Err(failed(plan.build, "this machine has no pip", "install Python with pip"))
}

/// Pip's own platform does not matter: the wheel is asked for by name of platform and Python.
fn options(build: Build) -> Vec<&'static str> {
    let mut options = vec![
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--python-version=3.11",
        "--implementation=cp",
        "--abi=cp311",
        "--platform=manylinux_2_28_x86_64",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
        "--retries=2",
        "--timeout=20",
        "--quiet",
    ];
    match build {
        Build::Cpu => {}
        // The libraries of CUDA are built for older systems each.
        Build::Cuda => options.extend([
            "--platform=manylinux_2_27_x86_64",
            "--platform=manylinux_2_17_x86_64",
            "--platform=manylinux2014_x86_64",
            "--platform=manylinux_2_12_x86_64",
            "--platform=manylinux2010_x86_64",
            "--platform=manylinux_2_5_x86_64",
            "--platform=manylinux1_x86_64",
        ]),
    }
    options
}

fn has_no_pip(done: &Done) -> bool {
    done.stderr.contains("No module named pip") || done.stderr.contains("No module named 'pip'")
}

/// Pip's last word.
fn said(done: &Done) -> String {
    let mut lines = done.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let end = lines.clone().next();
    let last = lines.find(|line| line.starts_with("ERROR")).or(end);
    let last = last.map_or("it said nothing", |line| line.trim_start_matches("ERROR:").trim());
    format!("pip failed: {}", last.chars().take(200).collect::<String>())
}

/// The one library out of the wheel.
fn unpack(wheel: &Path, target: &Path) -> Result<(), String> {
    let file = File::open(wheel).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    let mut member = archive.by_name(MEMBER).map_err(|_| format!("the wheel has no {MEMBER}"))?;
    let write = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(target).map_err(write)?;
    let mut out = File::create(target.join(Build::Cpu.library())).map_err(write)?;
    // The archive's checksum of the member is checked at its end.
    std::io::copy(&mut (&mut member).take(MOST_BYTES), &mut out).map_err(write)?;
    out.sync_all().map_err(write)
}

/// In place of what was there, which was not usable or not there.
fn put(staging: &Staging, target: &Path, place: &Path) -> std::io::Result<()> {
    if place.exists() {
        std::fs::rename(place, staging.folder.join("old"))?;
    }
    if let Err(error) = std::fs::rename(target, place) {
        // What was there comes back; where there was nothing, nothing does.
        let _ = std::fs::rename(staging.folder.join("old"), place);
        return Err(error);
    }
    // The name is safe too; not every file system can do it.
    let _ = place.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
    Ok(())
}

fn failed(build: Build, why: &str, what: &str) -> FetchError {
    FetchError::Pip(format!("ONNX Runtime was not fetched: {why}; {what} and run `{}`", build.command()))
}

fn stopped(build: Build) -> FetchError {
    FetchError::Cancelled(format!(
        "the fetch was stopped, nothing was installed; begin again with `{}`",
        build.command()
    ))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> FetchError {
    let folder = folder.display();
    FetchError::Disk(format!("{folder}: ONNX Runtime cannot be put here ({error}); check the folder and its disk"))
}

/// A folder beside the place, gone when this is.
struct Staging {
    folder: PathBuf,
}

impl Staging {
    /// Its name begins with a point, so that nobody takes it for a library's.
    fn create(runtime: &Path) -> std::io::Result<Staging> {
        std::fs::create_dir_all(runtime)?;
        let folder = runtime.join(format!(".fetch-{}", std::process::id()));
        // What a killed process of this number left.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder)?;
        Ok(Staging { folder })
    }

    fn write(&self, name: &str, text: &str) -> std::io::Result<PathBuf> {
        let path = self.folder.join(name);
        File::create(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }

    fn wheel(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).ok()?.flatten().map(|entry| entry.path());
        let mut wheels = entries.filter(|path| path.extension().is_some_and(|extension| extension == "whl"));
        wheels.next()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
