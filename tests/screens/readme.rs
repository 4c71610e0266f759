//! The README's table of keys is made from the table of keys.

use kestrel::tui::keymap::markdown;
use kestrel::tui::text::ENGLISH;

const BEGIN: &str =
    "<!-- keys: made from src/tui/keymap.rs; KESTREL_BLESS=1 cargo test --release readme writes it again -->\n";
const END: &str = "<!-- end of keys -->\n";

#[test]
fn the_readme_lists_the_keys_that_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).expect("the README");
    let from = text.find(BEGIN).expect("the README has a place for the keys") + BEGIN.len();
    let to = text.find(END).expect("and its end");
    let wanted = markdown(&ENGLISH);
    if std::env::var_os("KESTREL_BLESS").is_some() {
        std::fs::write(path, format!("{}{wanted}{}", &text[..from], &text[to..])).expect("write");
        return;
    }
    assert_eq!(&text[from..to], wanted, "run: KESTREL_BLESS=1 cargo test --release readme");
}
