//! Where libraries may lie: named by a person, in the home folder, among Python's packages, in the system's folders.
//!
//! Invariant: looking takes bounded time and changes nothing.
//! Absent on purpose: which one is taken (`library`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::child;
use super::library::{LibraryPlan, Origin};

/// The folder of the home folder that holds what was fetched.
pub const RUNTIME_FOLDER: &str = "runtime";
/// The variable of the `ort` crate and of other programs.
const VARIABLE: &str = "ORT_DYLIB_PATH";
const CUDA_PROVIDER: &str = "libonnxruntime_providers_cuda.so";
/// Where a package of Python keeps the library.
const IN_PACKAGES: &str = "onnxruntime/capi";
/// What Python may take to say where its packages are.
const PYTHON_LIMIT: Duration = Duration::from_secs(3);

/// A file that may be the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    pub origin: Origin,
    pub has_cuda: bool,
}

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Places {
    pub settings: Option<PathBuf>,
    pub variable: Option<PathBuf>,
    /// The folder of what was fetched.
    pub runtime: Option<PathBuf>,
    /// Folders of packages.
    pub packages: Vec<PathBuf>,
    /// Ask Python for its folders too.
    pub ask_python: bool,
    pub system: Vec<PathBuf>,
}

impl Places {
    pub fn of(plan: &LibraryPlan) -> Places {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let named = folder(VARIABLE);
        let (settings, variable) = if plan.named.is_some() { (plan.named.clone(), None) } else { (None, named) };
        let lists = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let mut system: Vec<PathBuf> = std::env::split_paths(&lists).filter(|path| path.is_absolute()).collect();
        let usual =
            ["/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
        system.extend(usual.iter().chain(&["/opt/onnxruntime/lib"]).map(PathBuf::from));
        let roots = [folder("VIRTUAL_ENV"), folder("CONDA_PREFIX"), folder("HOME").map(|home| home.join(".local"))];
        let roots = roots.into_iter().flatten().chain(["/usr/local", "/usr"].map(PathBuf::from));
        Places {
            settings,
            variable,
            runtime: Some(plan.home.join(RUNTIME_FOLDER)),
            packages: roots.flat_map(|root| package_folders(&root)).collect(),
            ask_python: true,
            system,
        }
    }

    /// In the order in which they are looked into; where one is named, that one alone.
    pub fn stages(&self) -> impl Iterator<Item = Origin> {
        let all = if self.settings.is_some() {
            vec![Origin::Settings]
        } else if self.variable.is_some() {
            vec![Origin::Variable]
        } else {
            vec![Origin::Home, Origin::Python, Origin::System]
        };
        all.into_iter()
    }

    pub fn found(&self, stage: Origin) -> Vec<Found> {
        let files = match stage {
            Origin::Settings => self.settings.iter().map(|path| named(path)).collect(),
            Origin::Variable => self.variable.iter().map(|path| named(path)).collect(),
            Origin::Home => {
                let versions = self.runtime.iter().flat_map(|folder| folders_in(folder));
                versions
                    .flat_map(|folder| [folder.join(IN_PACKAGES), folder])
                    .flat_map(|at| libraries_in(&at))
                    .collect()
            }
            Origin::Python => self.in_packages(),
            Origin::System => self.system.iter().flat_map(|folder| libraries_in(folder)).collect::<Vec<_>>(),
        };
        files.into_iter().map(|path| Found { has_cuda: has_cuda(&path), path, origin: stage }).collect()
    }

    fn in_packages(&self) -> Vec<PathBuf> {
        let usual = self.packages.iter().flat_map(|folder| libraries_in(&folder.join(IN_PACKAGES)));
        let mut files: Vec<PathBuf> = usual.collect();
        if files.is_empty() && self.ask_python {
            files = pythons_own().iter().flat_map(|folder| libraries_in(&folder.join(IN_PACKAGES))).collect();
        }
        files
    }
}

/// A person may name the folder.
fn named(path: &Path) -> PathBuf {
    if path.is_dir() {
        libraries_in(path).into_iter().next().unwrap_or_else(|| path.to_path_buf())
    } else {
        path.into()
    }
}

/// The library's files there, newest first; a link and what it leads to count once.
fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<(Vec<u32>, PathBuf)> = names
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let rest = name.strip_prefix("libonnxruntime")?;
            let version = rest.strip_prefix(".so").or_else(|| rest.strip_suffix(".dylib"))?;
            let numbers = version.split('.').filter(|part| !part.is_empty()).map(str::parse);
            let numbers: Vec<u32> = numbers.collect::<Result<_, _>>().ok()?;
            Some((numbers, path.canonicalize().ok()?))
        })
        .collect();
    files.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut paths: Vec<PathBuf> = Vec::new();
    for (_, path) in files {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

fn has_cuda(library: &Path) -> bool {
    library.parent().is_some_and(|folder| folder.join(CUDA_PROVIDER).is_file())
}

/// An NVIDIA card is in this machine, as far as its driver says (the second one is that of WSL2).
pub fn has_card() -> bool {
    ["/dev/nvidiactl", "/dev/dxg"].iter().any(|device| Path::new(device).exists())
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_whole = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Half-fetched ones begin with a point.
        path.is_dir() && !name.starts_with('.')
    };
    let mut folders: Vec<PathBuf> = entries.filter(is_whole).collect();
    folders.sort();
    folders.reverse();
    folders
}

fn package_folders(root: &Path) -> Vec<PathBuf> {
    let lib = root.join("lib");
    let pythons = folders_in(&lib)
        .into_iter()
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("python3")));
    let packages = pythons.flat_map(|python| ["site-packages", "dist-packages"].map(|name| python.join(name)));
    packages.filter(|folder| folder.is_dir()).collect()
}

/// The folders that Python itself looks into; none where it is not there or does not answer in time.
fn pythons_own() -> Vec<PathBuf> {
    let mut command = Command::new("python3");
    command.args(["-c", "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))"]);
    match child::run(command, PYTHON_LIMIT, &AtomicBool::new(false)) {
        Ok(done) if done.succeeded => done.stdout.lines().map(PathBuf::from).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}
