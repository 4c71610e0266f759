//! Outside sources against a stand-in host on this machine: good answers, every kind of bad one, what is kept and what is told.
//!
//! Invariant: nothing here leaves this machine.
//! Absent on purpose: the arithmetic of scores (`sentiment`) and runs with feeds (`runs`).

mod host;
mod runs;

use std::path::Path;
use std::time::{Duration, Instant};

use kestrel::domain::{Seed, Span, Symbol, SymbolId};
use kestrel::engine::{MoodNews, MoodSource, Observation};
use kestrel::feeds::{Address, Feeds, FeedsPlan, Fetcher, SourcePlan, Timing, Trouble, diary};
use tokio::sync::broadcast;

use host::{Answer, Host, funding_rows, now_ms};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

fn plan(source: MoodSource, addresses: &[String], folder: Option<&Path>) -> FeedsPlan {
    let addresses = addresses.iter().map(|text| Address::parse(source, text).expect("an address"));
    FeedsPlan {
        sources: vec![SourcePlan { source, addresses: addresses.collect(), every: Span::from_millis(40) }],
        symbols: vec![Symbol::new("BTCUSDT")],
        seed: Seed(1),
        folder: folder.map(Path::to_path_buf),
        timing: Timing {
            answer_limit: SECOND,
            begin_within: Span::from_millis(5),
            first_pause: Span::from_millis(20),
            longest_pause: Span::from_seconds(5),
        },
    }
}

/// Listens until `is_enough`, and gives all that was told.
async fn hear(
    news: &mut broadcast::Receiver<MoodNews>,
    mut is_enough: impl FnMut(&[MoodNews]) -> bool,
) -> Vec<MoodNews> {
    let mut heard = Vec::new();
    while !is_enough(&heard) {
        let next = tokio::time::timeout(PATIENCE, news.recv()).await;
        heard.push(next.unwrap_or_else(|_| panic!("only {heard:?}")).expect("news"));
    }
    heard
}

fn observed(news: &[MoodNews]) -> Vec<Observation> {
    news.iter().filter_map(|news| if let MoodNews::Observed(seen) = news { Some(*seen) } else { None }).collect()
}

fn count(news: &[MoodNews], is_it: impl Fn(&MoodNews) -> bool) -> usize {
    news.iter().filter(|news| is_it(news)).count()
}

fn is_answer(news: &MoodNews) -> bool {
    matches!(news, MoodNews::Answered(_))
}

#[tokio::test]
async fn every_bad_answer_is_one_sentence() {
    let host = Host::start(|path, _| match path {
        "/page" => Answer::ok("<html>busy</html>"),
        "/slow" => Answer::Late(Duration::from_secs(30)),
        "/limit" => Answer::status(429, Some("7")),
        "/huge" => Answer::ok("x".repeat(70_000)),
        "/endless" => Answer::Endless,
        "/away" => Answer::To("http://example.com/".to_owned()),
        "/round" => Answer::To("/round".to_owned()),
        "/there" => Answer::To("/good".to_owned()),
        "/good" => Answer::ok("{}"),
        _ => Answer::status(404, None),
    })
    .await;
    let fetcher = Fetcher::new(Duration::from_millis(400), 65_536).expect("a client");
    for (path, said) in [
        ("/slow?key=secret", "gave no whole answer within 400ms"),
        ("/limit", "answers with status 429 and asks to wait 7 s"),
        ("/missing", "answers with status 404"),
        ("/huge", "answers with more than 65536 bytes"),
        ("/endless", "answers with more than 65536 bytes"),
        ("/away", "redirects, and the address is http"),
        ("/round", "redirects more than 4 times"),
    ] {
        let trouble = fetcher.get(&host.url(path)).await.expect_err(path);
        let sentence = trouble.to_string();
        assert!(sentence.contains(said) && sentence.starts_with("http://127.0.0.1:"), "{path}: {sentence}");
        assert!(!sentence.contains("secret") && !sentence.contains('\n'), "{sentence}");
        assert_eq!(trouble.retry_after(), (path == "/limit").then(|| Span::from_seconds(7)));
    }
    assert_eq!(fetcher.get(&host.url("/there")).await, Ok(b"{}".to_vec()));
    let refused = fetcher.get(&format!("http://127.0.0.1:{}/", host::closed_port())).await.expect_err("nobody there");
    assert!(matches!(refused, Trouble::Unreachable { .. }) && refused.to_string().contains("cannot be reached"));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_in_one_sentence() {
    let port = host::self_signed().await;
    let fetcher = Fetcher::new(SECOND * 5, 1_000).expect("a client");
    let trouble = fetcher.get(&format!("https://localhost:{port}/fng?key=secret")).await.expect_err("self-signed");
    let sentence = trouble.to_string();
    assert!(matches!(trouble, Trouble::Certificate { .. }), "{trouble:?}");
    assert!(sentence.contains("certificate that is refused") && !sentence.contains("secret"), "{sentence}");
}

#[tokio::test]
async fn payments_are_told_once_and_kept_once_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = now_ms() - 30 * 8 * 3_600_000;
    // A payment more with the third answer.
    let host = Host::start(move |_, asked| Answer::ok(funding_rows(start, if asked < 2 { 20 } else { 21 }))).await;
    let address = [host.url("/funding?symbol={symbol}")];
    for restart in 0..2 {
        let (sender, mut news) = broadcast::channel(1_024);
        let feeds = Feeds::start(plan(MoodSource::Funding, &address, Some(folder.path())), sender);
        let told = hear(&mut news, |heard| count(heard, is_answer) == 4).await;
        feeds.stop().await;
        let seen = observed(&told);
        assert_eq!(told[0], MoodNews::Asked(MoodSource::Funding));
        assert_eq!(seen.len(), 21, "each payment once");
        assert!(seen.iter().all(|seen| seen.symbol == Some(SymbolId(0)) && seen.source == MoodSource::Funding));
        // The newest of the first answer is an opinion, those before it are what it is measured by.
        let opinions = if restart == 0 { 2 } else { 1 };
        assert_eq!(seen.iter().filter(|seen| !seen.backlog).count(), opinions);
        let kept = diary::read(folder.path(), MoodSource::Funding).expect("a diary");
        assert_eq!((kept.records.len(), kept.unreadable), (21, 0));
    }
    let files = std::fs::read_dir(folder.path().join("funding")).expect("a folder");
    let lines: usize =
        files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text").lines().count()).sum();
    assert_eq!(lines, 21);
    assert!(host.paths().iter().all(|path| path.starts_with("/funding?symbol=BTCUSDT")));
}

#[tokio::test]
async fn a_row_whose_period_still_runs_waits_for_its_end() {
    let period = 300_000;
    let running = now_ms() / period * period;
    let host = Host::start(move |_, _| {
        let row = |ms: i64| format!(r#"{{"sumOpenInterest":"5{ms}","timestamp":{ms}}}"#);
        Answer::ok(format!("[{},{},{}]", row(running - 2 * period), row(running - period), row(running)))
    })
    .await;
    let (sender, mut news) = broadcast::channel(64);
    let feeds =
        Feeds::start(plan(MoodSource::OpenInterest, &[host.url("/oi?symbol={symbol}&period=5m")], None), sender);
    let told = hear(&mut news, |heard| count(heard, is_answer) == 2).await;
    feeds.stop().await;
    let ids: Vec<u64> = observed(&told).iter().map(|seen| seen.id).collect();
    assert_eq!(ids, [(running - 2 * period) as u64, (running - period) as u64]);
}

#[tokio::test]
async fn bad_answers_are_counted_and_told_and_the_source_recovers() {
    let host = Host::start(|_, asked| match asked {
        0 => Answer::ok("<!doctype html><title>maintenance</title>"),
        1 => Answer::ok(r#"{"code":-1121,"msg":"Invalid symbol."}"#),
        2 => Answer::ok(r#"{"data":[{"value":"no number","timestamp":"1551157200"}]}"#),
        3 => Answer::ok(""),
        _ => Answer::ok(r#"{"data":[{"value":"40","timestamp":"1551157200"}]}"#),
    })
    .await;
    let (sender, mut news) = broadcast::channel(64);
    let feeds = Feeds::start(plan(MoodSource::FearGreed, &[host.url("/fng")], None), sender);
    let told = hear(&mut news, |heard| count(heard, is_answer) == 1).await;
    feeds.stop().await;
    let whys: Vec<&String> = told
        .iter()
        .filter_map(|news| if let MoodNews::Failing { why, .. } = news { Some(why) } else { None })
        .collect();
    let expected = [
        "web page instead of JSON; 1 bad answer",
        "Invalid symbol. (-1121); 2 bad",
        "field `value`",
        "is empty; 4 bad",
    ];
    assert_eq!(whys.len(), expected.len(), "{whys:?}");
    for (why, expected) in whys.iter().zip(expected) {
        assert!(why.contains(expected), "{why}");
    }
    let seen = observed(&told);
    assert_eq!((seen.len(), seen[0].value, seen[0].symbol, seen[0].backlog), (1, 40.0, None, false));
}

#[tokio::test]
async fn a_host_that_asks_to_wait_is_left_alone_for_so_long() {
    let host = Host::start(|_, asked| match asked {
        0 => Answer::status(429, Some("1")),
        _ => Answer::ok(r#"{"data":[{"value":"40","timestamp":"1551157200"}]}"#),
    })
    .await;
    let (sender, mut news) = broadcast::channel(64);
    let began = Instant::now();
    let feeds = Feeds::start(plan(MoodSource::FearGreed, &[host.url("/fng")], None), sender);
    hear(&mut news, |heard| count(heard, is_answer) == 1).await;
    assert!(began.elapsed() >= SECOND, "asked again after {:?}", began.elapsed());
    feeds.stop().await;
}

#[tokio::test]
async fn headlines_are_scored_once_whoever_tells_them_and_old_ones_are_no_opinion() {
    let feed = |titles: &[&str]| {
        let items: String = titles.iter().map(|title| format!("<item><title>{title}</title></item>")).collect();
        let odd = "<item><link>https://example.com/</link></item><item><title> </title><pubDate>soon</pubDate></item>";
        format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title>{items}{odd}</channel></rss>")
    };
    let host = Host::start(move |path, asked| match (path, asked) {
        ("/a", 0 | 1) => Answer::ok(feed(&["Old news about miners"])),
        ("/a", _) => Answer::ok(feed(&["Exchange hacked, funds drained", "Old news about miners"])),
        ("/b", 0 | 1) => Answer::ok(feed(&[])),
        (_, _) => Answer::ok(feed(&["EXCHANGE HACKED - funds drained!", "Bitcoin hits all-time high"])),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (sender, mut news) = broadcast::channel(64);
    let addresses = [host.url("/a"), host.url("/b"), format!("http://127.0.0.1:{}/", host::closed_port())];
    let feeds = Feeds::start(plan(MoodSource::Headlines, &addresses, Some(folder.path())), sender);
    let told = hear(&mut news, |heard| count(heard, |news| matches!(news, MoodNews::Failing { .. })) == 6).await;
    feeds.stop().await;
    let mut seen = observed(&told);
    seen.sort_by(|one, other| one.value.total_cmp(&other.value));
    let described: Vec<(bool, f64)> = seen.iter().map(|seen| (seen.backlog, seen.value.signum())).collect();
    assert_eq!(described.len(), 3, "{seen:?}");
    assert!(!described[0].0 && described[0].1 < 0.0, "the hack is news and bad: {seen:?}");
    assert!(!described[2].0 && described[2].1 > 0.0, "the high is news and good: {seen:?}");
    assert!(described[1].0, "what stood there before is no opinion: {seen:?}");
    let kept = diary::read(folder.path(), MoodSource::Headlines).expect("a diary").records;
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().any(|record| record.text.as_deref() == Some("Exchange hacked, funds drained")));
}

#[tokio::test]
async fn feeds_that_wait_for_a_slow_host_stop_at_once() {
    let host = Host::start(|_, _| Answer::Late(Duration::from_secs(60))).await;
    let (sender, mut news) = broadcast::channel(64);
    let mut slow = plan(MoodSource::FearGreed, &[host.url("/fng")], None);
    slow.timing.answer_limit = Duration::from_secs(60);
    let feeds = Feeds::start(slow, sender);
    hear(&mut news, |heard| !heard.is_empty()).await;
    while host.paths().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    feeds.stop().await;
    assert!(began.elapsed() < SECOND);
}
