//! The native library, ONNX Runtime: which of the found ones is taken, and the one load of a process.
//!
//! Invariant: a library is asked for its version before it is loaded, and one that cannot be used is never loaded: a load
//! that fails half-way would take the program with it. What was loaded stays until the program ends.
//! Absent on purpose: where libraries lie (`search`), getting one (`fetch`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::logging::LogLevel;

use super::elf;
use super::provider::Device;
use super::search::{Found, Places};

/// The second number of the oldest version that has what the sessions use (API 24).
pub const LEAST_MINOR: u32 = 24;
/// The one command that brings what is missing.
pub const INSTALL_CPU: &str = "kestrel doctor --install cpu";
pub const INSTALL_CUDA: &str = "kestrel doctor --install cuda";

/// Where to look and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryPlan {
    /// The settings' `onnxruntime`: nothing else is looked at then.
    pub named: Option<PathBuf>,
    /// What was fetched lies in its folder `runtime`.
    pub home: PathBuf,
    pub device: Device,
}

/// Who led to a library, in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `onnxruntime` of the settings.
    Settings,
    /// ORT_DYLIB_PATH.
    Variable,
    /// Fetched before.
    Home,
    Python,
    System,
}

/// A library that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    pub path: PathBuf,
    /// As its file name says, else the first two numbers.
    pub version: String,
    pub origin: Origin,
    /// It was built with CUDA: the provider's library lies beside it. Whether there is a card is found out by trying.
    pub has_cuda: bool,
}

/// A full sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// There is none; it may be fetched.
    #[error("{0}")]
    Missing(String),
    /// The one that was named cannot be used, or loading failed: only a person can help.
    #[error("{0}")]
    Unusable(String),
}

/// A library that was found, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub path: PathBuf,
    pub origin: Origin,
    /// A part of a sentence.
    pub verdict: Result<Library, String>,
}

/// The library that is loaded already, else the best one of what is there.
pub fn find(plan: &LibraryPlan) -> Result<Library, LibraryError> {
    if let Some(loaded) = loaded() {
        return loaded.clone();
    }
    choose(&Places::of(plan), plan.device, &mut probed)
}

/// Everything that is there, in the order of preference.
pub fn survey(plan: &LibraryPlan) -> Vec<Judged> {
    let places = Places::of(plan);
    let mut all: Vec<Found> = places.stages().flat_map(|stage| places.found(stage)).collect();
    prefer(&mut all, plan.device);
    all.iter().map(|found| judged(found, &mut probed)).collect()
}

/// The library that this process works with, or why it works with none; `None`: not tried yet.
pub fn loaded() -> Option<&'static Result<Library, LibraryError>> {
    LOADED.get().map(|loaded| &loaded.library)
}

/// The first usable one. A named one counts alone. Places are looked into one after the other, for some take time.
fn choose(places: &Places, device: Device, probe: Probe<'_>) -> Result<Library, LibraryError> {
    let mut refused: Vec<String> = Vec::new();
    let mut second = None;
    for stage in places.stages() {
        let mut found = places.found(stage);
        prefer(&mut found, device);
        for found in &found {
            match judged(found, probe).verdict {
                // A card was asked for: a library that cannot use one is taken only where there is no other.
                Ok(library) if device == Device::Cuda && !library.has_cuda && !found.origin.is_named() => {
                    second = second.or(Some(library));
                }
                Ok(library) => return Ok(library),
                Err(why) if found.origin.is_named() => return Err(unusable(found, &why)),
                Err(why) => refused.push(format!("{}: {why}", found.path.display())),
            }
        }
    }
    second.ok_or_else(|| missing(&refused))
}

/// Builds for CUDA first, unless the processor was asked for; the order stays otherwise.
fn prefer(found: &mut [Found], device: Device) {
    match device {
        Device::Cpu => found.sort_by_key(|found| (found.origin as u8, found.has_cuda)),
        Device::Auto => found.sort_by_key(|found| (found.origin as u8, !found.has_cuda)),
        Device::Cuda => found.sort_by_key(|found| (!found.origin.is_named(), !found.has_cuda, found.origin as u8)),
    }
}

/// What a file says of itself: `None`, or the second number of its version.
type Probe<'a> = &'a mut dyn FnMut(&Path) -> Option<u32>;

fn probed(path: &Path) -> Option<u32> {
    ort::util::probe(path)
}

fn judged(found: &Found, probe: Probe<'_>) -> Judged {
    let verdict = verdict(found, probe);
    Judged { path: found.path.clone(), origin: found.origin, verdict }
}

fn verdict(found: &Found, probe: Probe<'_>) -> Result<Library, String> {
    // A file that was cut short would end the program while it is opened.
    elf::check(&found.path)?;
    let minor = probe(&found.path).ok_or("it is not ONNX Runtime for this machine")?;
    if minor < LEAST_MINOR {
        return Err(format!("it is version 1.{minor}, allowed is 1.{LEAST_MINOR} or newer"));
    }
    let version = version_of(&found.path).unwrap_or_else(|| format!("1.{minor}"));
    Ok(Library { path: found.path.clone(), version, origin: found.origin, has_cuda: found.has_cuda })
}

/// `libonnxruntime.so.1.31.1` is 1.31.1.
fn version_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let version = name.split_once(".so.")?.1;
    version.split('.').all(|part| part.parse::<u32>().is_ok()).then(|| version.to_string())
}

fn unusable(found: &Found, why: &str) -> LibraryError {
    let (path, origin) = (found.path.display(), found.origin);
    LibraryError::Unusable(format!(
        "{path}: {origin} names this library, but {why}; correct the name, or remove it and run `{INSTALL_CPU}`"
    ))
}

fn missing(refused: &[String]) -> LibraryError {
    let seen = match refused {
        [] => "none was found here".to_string(),
        [first, ..] => format!("what was found cannot be used ({first})"),
    };
    LibraryError::Missing(format!(
        "models need the library ONNX Runtime and {seen}; rule strategies trade without it; get it with `{INSTALL_CPU}`"
    ))
}

struct Loaded {
    library: Result<Library, LibraryError>,
    environment: Option<Environment>,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// The environment of the process, from this library unless another one was loaded before.
pub(super) fn environment(library: &Library) -> Result<&'static Environment, String> {
    let loaded = LOADED.get_or_init(|| load(library));
    match (&loaded.environment, &loaded.library) {
        (Some(environment), _) => Ok(environment),
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(library)) => Err(format!("{}: the library has no environment", library.path.display())),
    }
}

fn load(library: &Library) -> Loaded {
    let path = library.path.display();
    let failed = |why: String| {
        let text = format!("{path}: ONNX Runtime cannot be loaded ({why}); replace it and start again");
        Loaded { library: Err(LibraryError::Unusable(text)), environment: None }
    };
    let built = match ort::init_from(&library.path) {
        Ok(builder) => builder.with_name("kestrel").with_telemetry(false).build(),
        Err(error) => return failed(error.to_string()),
    };
    match built {
        Ok(environment) => {
            // Otherwise the library words everything that it does, for nobody.
            environment.set_log_level(LogLevel::Warning);
            Loaded { library: Ok(library.clone()), environment: Some(environment) }
        }
        Err(error) => failed(error.message().to_string()),
    }
}

/// Loads what CUDA needs from the folders of Python's `nvidia` packages beside the library, once. Where there are none the
/// system's are used, and the card's trial says what is missing.
pub(super) fn preload_cuda(library: &Library) {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let Some(packages) = library.path.ancestors().nth(3) else { return };
        let folder = |name: &str| Some(packages.join("nvidia").join(name).join("lib")).filter(|folder| folder.is_dir());
        let (cuda, cudnn) = (folder("cu13"), folder("cudnn"));
        if let Err(error) = ort::ep::cuda::preload_dylibs(cuda.as_deref(), cudnn.as_deref()) {
            tracing::warn!(%error, "the libraries of CUDA cannot be loaded");
        }
    });
}

impl Origin {
    /// A person named it.
    pub const fn is_named(self) -> bool {
        match self {
            Origin::Settings | Origin::Variable => true,
            Origin::Home | Origin::Python | Origin::System => false,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Origin::Settings => "settings",
            Origin::Variable => "variable",
            Origin::Home => "home",
            Origin::Python => "python",
            Origin::System => "system",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Settings => "the key `onnxruntime` of the settings",
            Origin::Variable => "the variable ORT_DYLIB_PATH",
            Origin::Home => "the home folder",
            Origin::Python => "Python",
            Origin::System => "the system",
        })
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.has_cuda { "with CUDA" } else { "for the processor" };
        write!(f, "ONNX Runtime {} {kind}, {} ({})", self.version, self.path.display(), self.origin.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Device, LibraryError, Origin, Places, choose};

    /// A folder of fetched libraries, one of Python's packages and one of the system; the files hold no library.
    struct Files(PathBuf);

    impl Files {
        fn new(test: &str) -> Files {
            let folder = std::env::temp_dir().join(format!("kestrel-library-{test}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).expect("a folder");
            Files(folder.canonicalize().expect("a folder"))
        }

        fn put(&self, name: &str) -> PathBuf {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(&path, [7; 128]).expect("a file");
            path
        }

        fn places(&self) -> Places {
            Places {
                runtime: Some(self.0.join("runtime")),
                packages: vec![self.0.join("packages")],
                system: vec![self.0.join("system")],
                ..Places::default()
            }
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn chosen(places: &Places, device: Device, minor: impl Fn(&Path) -> Option<u32>) -> Result<PathBuf, String> {
        let found = choose(places, device, &mut |path| minor(path));
        found.map(|library| library.path).map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_looked_into_in_their_order_and_old_versions_passed_over() {
        let files = Files::new("order");
        let system = files.put("system/libonnxruntime.so.1.25.0");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(25)), Ok(system.clone()));
        let python = files.put("packages/onnxruntime/capi/libonnxruntime.so.1.30.2");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(25)), Ok(python.clone()));
        let home = files.put("runtime/onnxruntime-1.31.1/libonnxruntime.so.1.31.1");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(25)), Ok(home.clone()));
        let old = |path: &Path| Some(if path == home { 23 } else { 24 });
        assert_eq!(chosen(&files.places(), Device::Auto, old), Ok(python));
        files.put("runtime/.fetch-1/libonnxruntime.so.1.31.1");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(24)), Ok(home));
        let said = chosen(&files.places(), Device::Auto, |_| Some(20)).expect_err("old ones");
        assert!(said.contains("version 1.20, allowed is 1.24 or newer") && said.contains("--install cpu"), "{said}");
    }

    #[test]
    fn a_build_for_the_card_comes_first_where_the_card_may_be_used() {
        let files = Files::new("card");
        let plain = files.put("runtime/onnxruntime-1.31.1/libonnxruntime.so.1.31.1");
        let python = files.put("packages/onnxruntime/capi/libonnxruntime.so.1.31.1");
        files.put("packages/onnxruntime/capi/libonnxruntime_providers_cuda.so");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(31)), Ok(plain.clone()));
        assert_eq!(chosen(&files.places(), Device::Cuda, |_| Some(31)), Ok(python));
        let card = files.put("runtime/onnxruntime-gpu-1.31.1/onnxruntime/capi/libonnxruntime.so.1.31.1");
        files.put("runtime/onnxruntime-gpu-1.31.1/onnxruntime/capi/libonnxruntime_providers_cuda.so");
        assert_eq!(chosen(&files.places(), Device::Auto, |_| Some(31)), Ok(card));
        assert_eq!(chosen(&files.places(), Device::Cpu, |_| Some(31)), Ok(plain));
    }

    #[test]
    fn a_library_that_is_named_counts_alone() {
        let files = Files::new("named");
        files.put("system/libonnxruntime.so.1.31.1");
        let named = files.put("own/libonnxruntime.so");
        let places = |path: PathBuf| Places { settings: Some(path), ..files.places() };
        // The file and its folder are both a name.
        for path in [named.clone(), files.0.join("own")] {
            assert_eq!(chosen(&places(path), Device::Cuda, |_| Some(31)), Ok(named.clone()));
        }
        for (path, part) in [(files.0.join("none.so"), "cannot be read"), (named, "not ONNX Runtime")] {
            let refused = choose(&places(path), Device::Auto, &mut |_| None).expect_err("nothing usable");
            assert!(matches!(&refused, LibraryError::Unusable(said) if said.contains(part)), "{refused}");
            assert!(refused.to_string().contains("the key `onnxruntime` of the settings"), "{refused}");
        }
    }

    #[test]
    fn a_file_that_was_cut_short_is_never_opened() {
        let files = Files::new("short");
        let path = files.put("system/libonnxruntime.so.1.31.1");
        let mut header = [0_u8; 128];
        header[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        header[0x28..0x30].copy_from_slice(&4_096_u64.to_le_bytes());
        std::fs::write(&path, header).expect("write");
        let opened = |_: &Path| -> Option<u32> { panic!("it was opened") };
        let said = chosen(&files.places(), Device::Auto, opened).expect_err("half a file");
        assert!(said.contains("cut short (128 of at least 4096 bytes)"), "{said}");
        assert!(Origin::Settings.is_named() && !Origin::System.is_named());
    }
}
