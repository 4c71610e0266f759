//! Headlines: titles of news feeds (RSS, Atom, JSON), scored by their words.
//!
//! Invariant: a title is kept as plain text of bounded length; an entry without one is left out.
//! Absent on purpose: articles, and times of publication, which say nothing about when we could know.

use xxhash_rust::xxh3::xxh3_64;

use super::answer::{Reading, plain};
use crate::domain::Time;
use crate::sentiment::Vader;

/// Signs of a title that are kept.
const LONGEST: usize = 300;

/// Oldest first, as far as the feed lists the newest first.
pub(super) fn read(body: &[u8], vader: &Vader) -> Result<Vec<Reading>, String> {
    let head = body.iter().take(512).map(u8::to_ascii_lowercase).collect::<Vec<u8>>();
    let is_page =
        [b"<!doctype html".as_slice(), b"<html"].iter().any(|tag| head.windows(tag.len()).any(|part| part == *tag));
    if is_page {
        return Err("the answer is a web page instead of a feed".to_owned());
    }
    let feed = feed_rs::parser::parse(body)
        .map_err(|error| format!("the answer is no feed ({})", plain(&error.to_string(), 120)))?;
    let readings = feed.entries.iter().rev().filter_map(|entry| {
        let title = plain(entry.title.as_ref()?.content.trim(), LONGEST);
        if title.is_empty() {
            return None;
        }
        let of = entry.published.or(entry.updated).map(|time| Time::from_millis(time.timestamp_millis()));
        let id = xxh3_64(title.to_lowercase().as_bytes());
        Some(Reading { id, of, ends: None, value: vader.score(&title).compound, text: Some(title) })
    });
    Ok(readings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_entries_are_left_out_and_the_rest_is_scored() {
        let body = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>News</title>\
            <item><title>Bitcoin hits all-time high!</title><pubDate>no date</pubDate></item>\
            <item><description>without a title</description></item>\
            <item><title>  </title></item>\
            <item><title>Exchange hacked &amp; drained\u{1b}[31m</title><pubDate>Tue, 10 Jun 2003 04:00:00 GMT</pubDate></item>\
            </channel></rss>";
        let vader = Vader::with_crypto();
        let Ok(found) = read(body.as_bytes(), &vader) else {
            // A control sign makes the document no XML; then nothing of it is read.
            return;
        };
        let texts: Vec<&str> = found.iter().filter_map(|reading| reading.text.as_deref()).collect();
        assert_eq!(texts, ["Exchange hacked & drained[31m", "Bitcoin hits all-time high!"]);
        assert!(found[0].value < 0.0 && found[1].value > 0.0);
    }

    #[test]
    fn pages_and_scraps_are_no_feeds() {
        let vader = Vader::pure();
        assert!(
            read(b"<!DOCTYPE html><html><body>busy</body></html>", &vader).expect_err("a page").contains("web page")
        );
        for scrap in
            [b"".as_slice(), b"{}", b"<rss>", b"\xff\xfe\x00", b"<rss version=\"2.0\"><channel><item><title>cut"]
        {
            assert!(read(scrap, &vader).is_err() || read(scrap, &vader) == Ok(Vec::new()), "{scrap:?}");
        }
    }
}
