//! The repository as text, for tests that check its habits: files below a folder, and source without its comments.

use std::fs;
use std::io;
use std::path::Path;

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", "node_modules", ".git", "data"];

/// One text file of the tree.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The files below `folder` of `root` whose name ends in one of `endings`, in the order of their paths. A folder that
/// does not exist holds none.
pub fn files(root: &Path, folder: &str, endings: &[&str]) -> io::Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    collect(root, folder, endings, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(root: &Path, folder: &str, endings: &[&str], found: &mut Vec<SourceFile>) -> io::Result<()> {
    for (name, is_folder) in entries(root, folder)? {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if is_folder {
            if !FOREIGN.contains(&name.as_str()) {
                collect(root, &path, endings, found)?;
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            // What is not text is not read.
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                found.push(SourceFile { path, text });
            }
        }
    }
    Ok(())
}

/// Names of the folders directly in `folder` of `root`.
pub fn folders(root: &Path, folder: &str) -> io::Result<Vec<String>> {
    let mut names: Vec<_> =
        entries(root, folder)?.into_iter().filter(|(_, is_folder)| *is_folder).map(|(name, _)| name).collect();
    names.sort();
    Ok(names)
}

fn entries(root: &Path, folder: &str) -> io::Result<Vec<(String, bool)>> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    fs::read_dir(path)?
        .map(|entry| entry.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir())))
        .collect()
}

/// What a reader of Rust source may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Comments go, the contents of strings stay.
    Strings,
    /// Comments and the contents of strings go.
    Code,
}

/// Rust source with its comments (and, when asked, its strings) blanked out and its lines kept. Tests inside the file,
/// from `#[cfg(test)]` followed by `mod` to the end, are left out too: by habit they come last.
pub fn code(text: &str, keep: Keep) -> String {
    let text = without_tests(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('/', Some('/')) => {
                while rest.peek().is_some_and(|c| *c != '\n') {
                    rest.next();
                }
            }
            ('/', Some('*')) => {
                let mut last = ' ';
                for c in rest.by_ref() {
                    if c == '\n' {
                        out.push(c);
                    }
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            ('r', Some('"' | '#')) if !previous.is_alphanumeric() && previous != '_' => {
                let mut hashes = 0;
                while rest.next_if_eq(&'#').is_some() {
                    hashes += 1;
                }
                if rest.next_if_eq(&'"').is_some() {
                    raw_string(&mut rest, hashes, keep, &mut out);
                }
            }
            ('"', _) => string(&mut rest, keep, &mut out),
            ('\'', _) => quote(&mut rest, &mut out),
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn keep_char(c: char, keep: Keep, out: &mut String) {
    if c == '\n' || keep == Keep::Strings {
        out.push(c);
    }
}

fn string(rest: &mut Chars<'_>, keep: Keep, out: &mut String) {
    out.push('"');
    while let Some(c) = rest.next() {
        if c == '"' {
            break;
        }
        keep_char(c, keep, out);
        if c == '\\' {
            rest.next().into_iter().for_each(|c| keep_char(c, keep, out));
        }
    }
    out.push('"');
}

fn raw_string(rest: &mut Chars<'_>, hashes: usize, keep: Keep, out: &mut String) {
    out.push('"');
    while let Some(c) = rest.next() {
        if c == '"' {
            let mut seen = 0;
            while seen < hashes && rest.next_if_eq(&'#').is_some() {
                seen += 1;
            }
            if seen == hashes {
                break;
            }
        }
        keep_char(c, keep, out);
    }
    out.push('"');
}

/// A character in quotes, or the start of a lifetime.
fn quote(rest: &mut Chars<'_>, out: &mut String) {
    out.push('\'');
    let mut ahead = rest.clone();
    let (first, second) = (ahead.next(), ahead.next());
    if first == Some('\\') || second == Some('\'') {
        rest.next();
        if first == Some('\\') {
            rest.next();
        }
        while rest.next().is_some_and(|c| c != '\'') {}
        out.push('\'');
    }
}

fn without_tests(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("#[cfg(test)]")).map(|at| from + at) {
        let after = text.get(at..).and_then(|rest| rest.split_once('\n')).map_or("", |(_, after)| after);
        if after.trim_start().starts_with("mod ")
            && !after.lines().next().is_some_and(|line| line.trim_end().ends_with(';'))
        {
            return text.get(..at).unwrap_or(text);
        }
        from = at + 1;
    }
    text
}

/// The numbered lines of `code` that hold `word` with nothing of a name on either side. Case does not count.
pub fn lines_with_word<'a>(code: &'a str, word: &str) -> Vec<(usize, &'a str)> {
    let part_of_name = |c: char| c.is_alphanumeric();
    let word = word.to_lowercase();
    code.lines()
        .enumerate()
        .filter(|(_, line)| {
            let line = line.to_lowercase();
            line.match_indices(&word).any(|(at, _)| {
                let before = line.get(..at).and_then(|text| text.chars().next_back());
                let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
                !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
            })
        })
        .map(|(number, line)| (number + 1, line.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = concat!(
        "//! about acme\n",
        "let a = \"acme // not a comment\"; // acme\n",
        "let b = r#\"acme \"quoted\" \"#; /* acme\n acme */ let c = '\"'; let d: &'a str = acme_id;\n",
        "let e = '\\''; let acmes = 1;\n",
        "#[cfg(test)]\nmod tests { const ACME: f64 = 1.0; }\n"
    );

    #[test]
    fn comments_and_tests_go_and_strings_go_when_asked() {
        let found = |keep| {
            let code = code(SAMPLE, keep);
            lines_with_word(&code, "acme").iter().map(|(number, _)| *number).collect::<Vec<_>>()
        };
        assert_eq!(found(Keep::Strings), [2, 3, 4]);
        assert_eq!(found(Keep::Code), [4]);
        assert!(!code(SAMPLE, Keep::Code).contains("f64"));
        assert!(code(SAMPLE, Keep::Code).contains("let acmes"));
    }
}
