//! A source file as the rules see it: comments and texts blanked, imports spelt out, functions measured.

/// Code with comments, strings and characters replaced by blanks; lines stay where they are.
pub fn strip(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn skipped(chars: &[char], at: usize) -> usize {
    let next = |i: usize| chars.get(at + i).copied().unwrap_or('\0');
    let in_word = at > 0 && is_word(chars[at - 1]);
    match (chars[at], next(1)) {
        ('/', '/') => line_end(chars, at),
        ('/', '*') => block_comment_end(chars, at),
        ('"', _) => string_end(chars, at),
        ('b', '"') if !in_word => string_end(chars, at + 1),
        ('b', '\'') if !in_word => string_end(chars, at + 1),
        ('r', '"' | '#') if !in_word => raw_string_end(chars, at, at + 1),
        ('b', 'r') if !in_word && matches!(next(2), '"' | '#') => raw_string_end(chars, at, at + 2),
        // A character, not a lifetime: 'x' or '\n'.
        ('\'', '\\') => string_end(chars, at),
        ('\'', _) if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    i
}

fn string_end(chars: &[char], at: usize) -> usize {
    let quote = chars[at];
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

fn raw_string_end(chars: &[char], start: usize, hashes_at: usize) -> usize {
    let hashes = chars[hashes_at..].iter().take_while(|c| **c == '#').count();
    if chars.get(hashes_at + hashes) != Some(&'"') {
        return start;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = hashes_at + hashes + 1;
    (body..chars.len()).find(|i| chars[*i..].starts_with(&closing)).map_or(chars.len(), |i| i + closing.len())
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Stripped code without its test modules: from `#[cfg(test)]` to the end of the item it stands on.
pub fn without_tests(stripped: &str) -> String {
    let mut code = stripped.to_string();
    while let Some(start) = code.find("#[cfg(test)]") {
        let rest = &code[start..];
        let open = rest.find('{').unwrap_or(rest.len());
        let end = rest.find(';').filter(|end| *end < open).map(|end| end + 1);
        let end = start + end.unwrap_or_else(|| block_end(rest, open));
        let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Byte just after the `}` that closes the `{` at `open`.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (i, c) in code[open.min(code.len())..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + i + 1;
        }
    }
    code.len()
}

pub fn line_of(code: &str, byte: usize) -> usize {
    code[..byte].matches('\n').count() + 1
}

/// Every path in the code with its line: inline ones as they stand, `use` trees spelt out (`a::{b, c}` is `a::b`, `a::c`).
pub fn paths(stripped: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((start, first)) = next_word(stripped, at) {
        at = start + first.len();
        if stripped[..start].ends_with("::") || stripped[..start].ends_with('.') {
            continue;
        }
        let (path, end) = path_from(stripped, start);
        let line = line_of(stripped, start);
        if stripped[end..].trim_start().starts_with('{') && path.ends_with("::") {
            let mut parts = Vec::new();
            at = spell_out(stripped, start, "", &mut parts);
            found.extend(parts.into_iter().map(|part| (line, part)));
        } else {
            at = end.max(at);
            found.push((line, path));
        }
    }
    found
}

fn next_word(code: &str, from: usize) -> Option<(usize, &str)> {
    let start = from + code[from..].find(is_word)?;
    let length = code[start..].find(|c| !is_word(c)).unwrap_or(code.len() - start);
    Some((start, &code[start..start + length]))
}

/// The path at `start` without blanks, macro mark included; and where it ends.
fn path_from(code: &str, start: usize) -> (String, usize) {
    let (mut path, mut at) = (String::new(), start);
    loop {
        let rest = &code[at..];
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        path.push_str(&rest[..length]);
        at += length;
        let after = code[at..].trim_start();
        if !after.starts_with("::") {
            if length > 0 && code[at..].starts_with('!') && !code[at..].starts_with("!=") {
                path.push('!');
            }
            return (path, at);
        }
        path.push_str("::");
        at = code.len() - after[2..].trim_start().len();
        if !code[at..].starts_with(is_word) {
            return (path, at);
        }
    }
}

/// One tree of a `use`: appends its paths and returns where it ends.
fn spell_out(code: &str, start: usize, prefix: &str, parts: &mut Vec<String>) -> usize {
    let (path, end) = path_from(code, start);
    let full = format!("{prefix}{path}");
    let skip = |at: usize| code.len() - code[at..].trim_start().len();
    let mut at = skip(end);
    if !code[at..].starts_with('{') {
        parts.push(full);
        return end;
    }
    at = skip(at + 1);
    while at < code.len() && !code[at..].starts_with('}') {
        let before = at;
        at = skip(spell_out(code, at, &full, parts));
        // What stands between two trees: a comma, a star, `as name`.
        let rest = &code[at..];
        at = skip(at + rest.find([',', '}']).unwrap_or(rest.len()));
        if code[at..].starts_with(',') {
            at = skip(at + 1);
        }
        assert!(at > before, "the scanner must move on");
    }
    (at + 1).min(code.len())
}

/// Name, line and length in lines of every function with a body.
pub fn functions(stripped: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((start, word)) = next_word(stripped, at) {
        at = start + word.len();
        if word != "fn" {
            continue;
        }
        let Some((name_at, name)) = next_word(stripped, at) else { break };
        // `fn(u8)` is a type: its name would not follow on blanks alone.
        if !stripped[at..name_at].trim().is_empty() {
            continue;
        }
        let signature = &stripped[name_at..];
        let body = body_start(signature);
        if let Some(open) = body {
            let end = name_at + block_end(signature, open);
            let line = line_of(stripped, start);
            found.push((name.to_string(), line, line_of(stripped, end - 1) - line + 1));
        }
        at = name_at + name.len();
    }
    found
}

/// The `{` of the body, or `None` for a declaration; `;` inside brackets (`[u8; 4]`) does not end it.
fn body_start(signature: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in signature.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(i),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
