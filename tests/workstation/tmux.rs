//! A terminal for tests: one tmux server of its own, one pane, one program.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

static SERVERS: AtomicU32 = AtomicU32::new(0);
const LOOK: Duration = Duration::from_millis(50);

pub struct Tmux {
    socket: String,
    folder: TempDir,
}

impl Tmux {
    /// Starts `kestrel` with these arguments in an empty folder; `None` where there is no tmux and the test is skipped.
    pub fn start(size: (u16, u16), arguments: &str) -> Option<Tmux> {
        Tmux::begin(size, arguments, |_| ())
    }

    /// The same, with a settings file.
    pub fn start_with(size: (u16, u16), arguments: &str, settings: &str) -> Option<Tmux> {
        Tmux::begin(size, arguments, |folder| {
            std::fs::write(folder.join("config.json"), settings).expect("write");
        })
    }

    /// The same, in a folder with what is put there first.
    pub fn start_prepared(size: (u16, u16), arguments: &str, prepare: impl FnOnce(&Path)) -> Option<Tmux> {
        Tmux::begin(size, arguments, prepare)
    }

    fn begin((width, height): (u16, u16), arguments: &str, prepare: impl FnOnce(&Path)) -> Option<Tmux> {
        if Command::new("tmux").arg("-V").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "tmux is missing");
            println!("skipped: tmux is not installed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        prepare(folder.path());
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let socket = format!("kestrel-{}-{number}", std::process::id());
        let tmux = Tmux { socket, folder };
        // The shell stays, so that what is left on the terminal can be read.
        let script = format!(
            "stty -g > before; sh -c 'echo $$ > pid; exec \"{}\" run {arguments}'; echo STATUS $?; stty -g > after; sleep 600",
            env!("CARGO_BIN_EXE_kestrel"),
        );
        let (width, height) = (width.to_string(), height.to_string());
        let started = Command::new("tmux")
            .args(["-L", &tmux.socket, "-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &script])
            .current_dir(tmux.folder.path())
            .env("KESTREL_HOME", tmux.folder.path().join("home"))
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            // No test opens a window on somebody's desktop.
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("TMUX")
            .output()
            .expect("tmux starts");
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        Some(tmux)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What stands on the terminal now.
    pub fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Keys by tmux's names.
    pub fn keys(&self, keys: &[&str]) {
        for key in keys {
            self.tmux(&["send-keys", key]);
            // An escape that is followed at once by a letter would be read as one key.
            sleep(if *key == "Escape" { Duration::from_millis(600) } else { LOOK });
        }
    }

    /// Waits until the text is on the screen.
    pub fn wait(&self, text: &str, patience: Duration) -> String {
        self.wait_until(text, patience, |screen| screen.contains(text))
    }

    pub fn wait_until(&self, what: &str, patience: Duration, is_so: impl Fn(&String) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(started.elapsed() < patience, "waited {patience:?} for: {what}\n{screen}");
            sleep(LOOK);
        }
    }

    /// Runs a shell command on the pane's terminal, beside the program.
    pub fn run_in_pane(&self, command: &str) {
        let output = self.tmux(&["display-message", "-p", "#{pane_tty}"]);
        let tty = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let done = Command::new("sh").args(["-c", &format!("({command}) < {tty} > {tty}")]).status().expect("sh runs");
        assert!(done.success());
    }

    /// Sends a signal to the program.
    pub fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("a process id");
        let sent = Command::new("kill").args(["-s", name, pid.trim()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// The terminal's modes as `stty -g` gave them.
    pub fn stty(&self, when: &str) -> String {
        let path = self.folder.path().join(when);
        let started = Instant::now();
        loop {
            match std::fs::read_to_string(&path) {
                Ok(text) if !text.trim().is_empty() => return text,
                _ => sleep(LOOK),
            }
            assert!(started.elapsed() < Duration::from_secs(10), "no modes {when}");
        }
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux").args(["-L", &self.socket]).args(arguments).output().expect("tmux runs")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
