//! The terminal: taken over for the screen and given back whole.
//!
//! Invariant: `leave` restores what `enter` changed, once, from any thread: at the end, on a signal, in a panic.
//! Absent on purpose: signals themselves (`app`) and drawing (`screen`).

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor;
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use futures_util::{Stream, StreamExt, stream};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::keymap::Key;
use super::message::Message;

/// What the screen is written to.
pub type Tty = BufWriter<Stdout>;

static ENTERED: AtomicBool = AtomicBool::new(false);

/// A frame of the largest screens goes out in one write.
const BUFFER: usize = 1 << 16;

/// Gives the terminal back when it goes out of scope.
pub struct Guard(());

/// Whether there is a terminal to draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitness {
    Fit,
    /// stdout leads elsewhere.
    Absent,
    /// It says of itself that it can only print.
    Dumb,
}

pub fn fitness() -> Fitness {
    if !io::stdout().is_terminal() {
        Fitness::Absent
    } else if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        Fitness::Dumb
    } else {
        Fitness::Fit
    }
}

/// Raw mode and the alternate screen.
pub fn enter() -> io::Result<(Terminal<CrosstermBackend<Tty>>, Guard)> {
    // The guard first: what is half done is undone too.
    let guard = Guard(());
    ENTERED.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(BUFFER, io::stdout())))?;
    Ok((terminal, guard))
}

/// A screen of this size that leads nowhere: for measuring frames.
pub fn sink(width: u16, height: u16) -> io::Result<Terminal<CrosstermBackend<io::Sink>>> {
    let viewport = Viewport::Fixed(Rect { x: 0, y: 0, width, height });
    Terminal::with_options(CrosstermBackend::new(io::sink()), TerminalOptions { viewport })
}

/// As it was before `enter`. May be called by a panic, at any time, any number of times.
pub fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
        let _ = io::stdout().flush();
    }
}

/// False once somebody left.
pub fn is_entered() -> bool {
    ENTERED.load(Ordering::SeqCst)
}

/// Keys and resizes, until the terminal is gone.
pub fn events() -> impl Stream<Item = Message> {
    let events = EventStream::new().take_while(|event| std::future::ready(event.is_ok()));
    let keys = events.filter_map(|event| {
        std::future::ready(match event {
            Ok(Event::Key(key)) => key_of(key).map(Message::Key),
            Ok(Event::Resize(width, height)) => Some(Message::Resize { width, height }),
            Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_)) | Err(_) => None,
        })
    });
    // The end of the keys is the end; continuing has none.
    let keys = keys.map(Some).chain(stream::once(std::future::ready(None)));
    let both = stream::select(keys, continued().map(|()| Some(Message::Continued)));
    both.take_while(|message| std::future::ready(message.is_some())).filter_map(std::future::ready)
}

/// Each time the program goes on after it was stopped: the shell has changed the terminal meanwhile.
fn continued() -> impl Stream<Item = ()> {
    #[cfg(unix)]
    {
        const SIGCONT: i32 = if cfg!(target_os = "linux") { 18 } else { 19 };
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(SIGCONT)).ok();
        stream::unfold(signal, |signal| async move {
            let mut signal = signal?;
            signal.recv().await?;
            retake();
            Some(((), Some(signal)))
        })
    }
    #[cfg(not(unix))]
    stream::pending()
}

/// Raw mode and the alternate screen once more.
fn retake() {
    if is_entered() {
        // A terminal that is gone shows itself at the next key or frame.
        let _ = terminal::disable_raw_mode();
        let _ = terminal::enable_raw_mode();
        let _ = execute!(io::stdout(), EnterAlternateScreen, cursor::Hide);
    }
}

fn key_of(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    match event.code {
        KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Ctrl(c.to_ascii_lowercase())),
        KeyCode::Char(c) => Some(Key::Char(c)),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Esc),
        KeyCode::Tab => Some(Key::Tab),
        KeyCode::BackTab => Some(Key::BackTab),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Left => Some(Key::Left),
        KeyCode::Right => Some(Key::Right),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Home => Some(Key::Home),
        KeyCode::End => Some(Key::End),
        KeyCode::Backspace => Some(Key::Backspace),
        KeyCode::Delete => Some(Key::Delete),
        // A crate's enum: it grows.
        _ => None,
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}
