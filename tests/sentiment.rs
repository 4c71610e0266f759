//! Scores of texts against those of vaderSentiment 3.3.2, on sentences put together from its own words by chance.

use kestrel::sentiment::Vader;

const SCORED: &str = include_str!("data/vader.jsonl");

#[test]
fn the_pure_mode_gives_the_published_programs_numbers_on_every_sentence() {
    let vader = Vader::pure();
    let mut count = 0;
    for line in SCORED.lines() {
        let (text, compound, positive, neutral, negative): (String, f64, f64, f64, f64) =
            serde_json::from_str(line).expect("a text and four numbers");
        let scores = vader.score(&text);
        let ours = (scores.compound, scores.positive, scores.neutral, scores.negative);
        assert_eq!(ours, (compound, positive, neutral, negative), "{text:?}");
        count += 1;
    }
    assert!(count > 500, "only {count} sentences");
}
