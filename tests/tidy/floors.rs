//! The plan of the house as data: floors, rooms, imports, crates and what is forbidden where.

/// A room and what it may import.
pub struct Room {
    pub name: &'static str,
    pub floor: u8,
    pub imports: &'static [&'static str],
}

/// Floors 0 to 2.
const BELOW_3: &[&str] = &["domain", "market", "sentiment", "performance", "protocol", "simulator", "engine"];
/// Floors 0 to 3.
const BELOW_4: &[&str] = &[
    "domain",
    "market",
    "sentiment",
    "performance",
    "protocol",
    "simulator",
    "engine",
    "runtime",
    "binance",
    "exchange",
    "feeds",
    "inference",
    "store",
    "journal",
    "cache",
    "secrets",
    "telemetry",
];
/// All rooms: the front hall joins them.
const ALL: &[&str] = &[
    "domain",
    "market",
    "sentiment",
    "performance",
    "protocol",
    "simulator",
    "engine",
    "runtime",
    "binance",
    "exchange",
    "feeds",
    "inference",
    "store",
    "journal",
    "cache",
    "secrets",
    "telemetry",
    "training",
    "automl",
    "report",
    "tui",
    "config",
    "app",
    "cli",
];

const fn room(name: &'static str, floor: u8, imports: &'static [&'static str]) -> Room {
    Room { name, floor, imports }
}

pub const ROOMS: &[Room] = &[
    room("domain", 0, &[]),
    room("market", 1, &["domain"]),
    room("sentiment", 1, &["domain"]),
    room("performance", 1, &["domain"]),
    room("protocol", 1, &["domain"]),
    room("simulator", 1, &["domain", "market"]),
    room("engine", 2, &["domain", "market", "sentiment", "performance"]),
    room("runtime", 3, BELOW_3),
    room("binance", 3, BELOW_3),
    room("exchange", 3, BELOW_3),
    room("feeds", 3, BELOW_3),
    room("inference", 3, BELOW_3),
    room("store", 3, BELOW_3),
    room("journal", 3, BELOW_3),
    room("cache", 3, BELOW_3),
    room("secrets", 3, BELOW_3),
    room("telemetry", 3, BELOW_3),
    room("training", 4, BELOW_4),
    room("automl", 4, BELOW_4),
    room("report", 4, BELOW_4),
    room("tui", 5, &["domain", "market", "performance", "engine", "telemetry"]),
    room("config", 6, ALL),
    room("app", 6, ALL),
    room("cli", 6, ALL),
    room("main", 6, ALL),
    room("lib", 6, ALL),
];

/// Where a foreign crate may be used.
pub enum Home {
    Everywhere,
    /// On this floor and above, and in these rooms below it.
    FromFloor(u8, &'static [&'static str]),
    Rooms(&'static [&'static str]),
    /// In tests and benches only.
    Tests,
}

/// Every crate of Cargo.toml stands here, by the name it has in code; a new one enters with a home.
pub const CRATES: &[(&str, Home)] = &[
    ("serde", Home::Everywhere),
    ("thiserror", Home::Everywhere),
    ("rand_chacha", Home::Everywhere),
    ("xxhash_rust", Home::Everywhere),
    ("serde_json", Home::FromFloor(3, &["protocol"])),
    ("sha2", Home::FromFloor(3, &["protocol"])),
    ("hmac", Home::Rooms(&["protocol"])),
    ("ed25519_dalek", Home::Rooms(&["protocol"])),
    ("tokio", Home::FromFloor(3, &[])),
    ("futures_util", Home::FromFloor(3, &[])),
    ("tracing", Home::FromFloor(3, &[])),
    ("jiff", Home::FromFloor(3, &[])),
    ("rayon", Home::FromFloor(3, &[])),
    ("ratatui", Home::Rooms(&["tui"])),
    ("crossterm", Home::Rooms(&["tui"])),
    ("tui_input", Home::Rooms(&["tui"])),
    ("unicode_width", Home::Rooms(&["tui"])),
    ("arrow", Home::Rooms(&["store"])),
    ("parquet", Home::Rooms(&["store"])),
    ("zip", Home::Rooms(&["store", "inference"])),
    ("csv", Home::Rooms(&["store"])),
    ("flate2", Home::Rooms(&["store"])),
    ("ort", Home::Rooms(&["inference"])),
    ("redis", Home::Rooms(&["cache"])),
    ("axum", Home::Rooms(&["exchange"])),
    ("reqwest", Home::Rooms(&["binance", "feeds"])),
    ("tokio_tungstenite", Home::Rooms(&["binance", "feeds"])),
    ("rustls", Home::Rooms(&["binance", "feeds"])),
    ("webpki_roots", Home::Rooms(&["binance", "feeds"])),
    ("feed_rs", Home::Rooms(&["feeds"])),
    ("crc32c", Home::Rooms(&["journal"])),
    ("tracing_subscriber", Home::Rooms(&["telemetry"])),
    ("keyring", Home::Rooms(&["secrets"])),
    ("age", Home::Rooms(&["secrets"])),
    ("burn", Home::Rooms(&["training"])),
    ("forust_ml", Home::Rooms(&["training"])),
    ("gemm", Home::Rooms(&["training"])),
    ("pulp", Home::Rooms(&["training"])),
    ("prost", Home::Rooms(&["inference"])),
    ("egobox_ego", Home::Rooms(&["automl"])),
    ("clap", Home::Rooms(&["cli"])),
    ("strsim", Home::Rooms(&["config", "cli"])),
    ("directories", Home::FromFloor(6, &[])),
    ("rustix", Home::FromFloor(6, &[])),
    ("indicatif", Home::Rooms(&["cli"])),
    ("divan", Home::Tests),
    ("insta", Home::Tests),
    ("rcgen", Home::Tests),
    ("tokio_rustls", Home::Tests),
    ("proptest", Home::Tests),
    ("rust_decimal", Home::Tests),
    ("tempfile", Home::Tests),
];

/// What must not stand below floor 3, and what to do instead.
pub const FORBIDDEN_BELOW_3: &[(&str, &str)] = &[
    ("async", "async is a skin; move the waiting to `runtime` and pass the value in"),
    ("tokio", "move it to a door on floor 3"),
    ("Instant::now", "take the time as an argument"),
    ("SystemTime", "take a domain::Time as an argument"),
    ("thread_rng", "take a stream of domain::seed::Seed"),
    ("from_os_rng", "take a stream of domain::seed::Seed"),
    ("OsRng", "take a stream of domain::seed::Seed"),
    ("rand::rng", "take a stream of domain::seed::Seed"),
    ("std::fs", "let a door open files and hand values in"),
    ("std::net", "let a door open connections and hand values in"),
    ("std::env", "let the front hall read variables and hand values in"),
    ("println!", "return the text, or emit a notice"),
    ("eprintln!", "return the text, or emit a notice"),
    ("print!", "return the text, or emit a notice"),
    ("eprint!", "return the text, or emit a notice"),
    ("dbg!", "remove it"),
    ("HashMap", "its order is random; use BTreeMap or a Vec by id"),
    ("HashSet", "its order is random; use BTreeSet or a sorted Vec"),
    ("Mutex", "one owner and `&mut`; share by messages"),
    ("RwLock", "one owner and `&mut`; share by messages"),
    ("RefCell", "one owner and `&mut`"),
];

pub const FILE_LINES: usize = 600;
pub const FUNCTION_LINES: usize = 70;

/// Files and functions that may be longer, by `path` or `path::function`. May only shrink; it starts empty.
pub const RATCHET: &[&str] = &[];
