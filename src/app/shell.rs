//! A command line as a shell reads it: for people who want to do again what a page shows.
//!
//! Invariant: every word survives the shell as it is.
//! Absent on purpose: running commands.

/// Options without values are left out; a nameless one is an argument.
pub fn command(verb: &str, options: &[(&str, Vec<String>)]) -> String {
    let mut words = vec!["kestrel".to_owned(), verb.to_owned()];
    for (name, values) in options.iter().filter(|(_, values)| !values.is_empty()) {
        words.extend((!name.is_empty()).then(|| (*name).to_owned()));
        words.extend(values.iter().map(|value| quoted(value)));
    }
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let options =
            [("--data", vec!["a b.parquet".into(), "it's".into(), "c/d-1.parquet".into()]), ("--bars", vec![])];
        assert_eq!(command("backtest", &options), r"kestrel backtest --data 'a b.parquet' 'it'\''s' c/d-1.parquet");
    }
}
