//! Opens a file with what the desktop has for it.
//!
//! Invariant: without a desktop nothing is started, and what is started has no hold on the terminal.
//! Absent on purpose: waiting for what was opened.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The opener of this system, where there is a desktop to open anything on.
pub fn program(system: &str, variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    match system {
        "macos" => Some("open"),
        // What `start` asks, without a shell that would read the file's name as a command.
        "windows" => Some("explorer"),
        _ => (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")).then_some("xdg-open"),
    }
}

/// `None` where there is no desktop or it would not start; the path is shown in any case.
pub fn open(file: &Path) -> Option<Child> {
    let program = program(std::env::consts::OS, |name| std::env::var(name).ok())?;
    let mut command = Command::new(program);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A browser that this opens outlives the terminal.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().ok()
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn nothing_is_opened_without_a_desktop() {
        let with = |name: &'static str, value: &'static str| {
            program("linux", move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("DISPLAY", ":0"), Some("xdg-open"));
        assert_eq!(with("WAYLAND_DISPLAY", "wayland-0"), Some("xdg-open"));
        assert_eq!(with("DISPLAY", ""), None);
        assert_eq!(with("TERM", "xterm"), None);
        assert_eq!(program("macos", |_| None), Some("open"));
        assert_eq!(program("windows", |_| None), Some("explorer"));
    }
}
