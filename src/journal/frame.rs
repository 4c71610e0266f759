//! The frame of one record: `crc32c(8 lower-case hex) SPACE record NEWLINE`.
//!
//! Invariant: `unframe(frame(record)) == record` for every record without a newline.
//! Absent on purpose: lengths and binary headers; a journal is readable with `less`.

/// Why a line is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the line does not start with eight hex digits and a space")]
    NoChecksum,
    #[error("the checksum does not match the record")]
    WrongChecksum,
    #[error("the record is not UTF-8 text")]
    NotText,
}

/// The line of a record, newline included.
pub(super) fn frame(record: &str) -> String {
    format!("{:08x} {record}\n", crc32c::crc32c(record.as_bytes()))
}

/// The record of a line that was stripped of its newline.
pub(super) fn unframe(line: &[u8]) -> Result<&str, FrameError> {
    let (digits, rest) = line.split_at_checked(8).ok_or(FrameError::NoChecksum)?;
    let record = rest.strip_prefix(b" ").ok_or(FrameError::NoChecksum)?;
    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(FrameError::NoChecksum);
    }
    let stated = digits.iter().try_fold(0_u32, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?));
    if stated != Some(crc32c::crc32c(record)) {
        return Err(FrameError::WrongChecksum);
    }
    std::str::from_utf8(record).map_err(|_| FrameError::NotText)
}

#[cfg(test)]
mod tests {
    use super::{FrameError, frame, unframe};

    #[test]
    fn the_checksum_is_crc32c_as_in_rfc_3720() {
        // RFC 3720, B.4, and the usual check value of CRC-32C.
        assert_eq!(frame("123456789"), "e3069283 123456789\n");
    }

    #[test]
    fn any_flipped_bit_of_a_line_is_noticed() {
        let whole = frame(r#"{"at":1,"text":"Grüße"}"#);
        let line = whole.trim_end_matches('\n').as_bytes();
        assert_eq!(unframe(line), Ok(r#"{"at":1,"text":"Grüße"}"#));
        for bit in 0..line.len() * 8 {
            let mut bent = line.to_vec();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(unframe(&bent).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_too_short_has_no_checksum() {
        for line in ["", "e30692", "e3069283"] {
            assert_eq!(unframe(line.as_bytes()), Err(FrameError::NoChecksum), "{line:?}");
        }
    }
}
