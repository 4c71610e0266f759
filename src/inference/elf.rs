//! Whether a shared library is whole, as far as its own table of contents says.
//!
//! Invariant: a file that is shorter than its header claims is refused before the system maps it.
//! Absent on purpose: everything else that a loader checks. Formats other than 64-bit little-endian ELF are left to it.
//! Source: System V ABI, ELF header (e_shoff, e_shentsize, e_shnum): the section table stands at the file's end.

use std::fs::File;
use std::io::Read;
use std::path::Path;

const HEADER: usize = 64;

/// The error is a part of a sentence.
pub fn check(path: &Path) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read ({error})");
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?;
    if !bytes.is_file() {
        return Err("it is not a file".into());
    }
    let mut header = Vec::with_capacity(HEADER);
    file.take(HEADER as u64).read_to_end(&mut header).map_err(unreadable)?;
    let Ok(header) = <[u8; HEADER]>::try_from(header) else { return Err("it is too short for a library".into()) };
    match end_of_sections(&header) {
        Some(end) if end > bytes.len() => Err(format!("it was cut short ({} of at least {end} bytes)", bytes.len())),
        Some(_) | None => Ok(()),
    }
}

fn end_of_sections(header: &[u8; HEADER]) -> Option<u64> {
    if header[..6] != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let mut offset = [0; 8];
    offset.copy_from_slice(&header[0x28..0x30]);
    let pair = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    Some(u64::from_le_bytes(offset).saturating_add(pair(0x3a) * pair(0x3c)))
}
