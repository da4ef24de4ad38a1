//! The files under `/assets/`, compiled in. Each has its own name, and one that changes with its content.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::locale::Locale;
use crate::texts::raw;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// What stands in the merchant's script for the gateway's address and for its texts.
const GATEWAY: &str = "%LENDPORT_GATEWAY%";
const TEXTS: &str = "%LENDPORT_TEXTS%";

/// A file as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Bytes.
    pub content: Cow<'static, [u8]>,
    /// Value of `Content-Type`.
    pub media_type: &'static str,
}

static FILES: LazyLock<BTreeMap<String, File>> = LazyLock::new(|| {
    let known = Assets::iter().filter_map(|name| {
        let media_type = media_type(&name)?;
        Some((name.to_string(), File { content: Assets::get(&name)?.data, media_type }))
    });
    let mut files: BTreeMap<String, File> = known.collect();
    // A module names what it imports by the name that changes with the content, so that no browser mixes two versions.
    let leaves: Vec<(String, String)> = files
        .iter()
        .map(|(name, file)| (format!("\"./{name}\""), format!("\"./{}\"", hashed(name, &file.content))))
        .collect();
    for (_, file) in files.iter_mut().filter(|(name, _)| name.as_str() == "checkout.js") {
        let mut text = String::from_utf8_lossy(&file.content).into_owned();
        for (plain, hashed) in &leaves {
            text = text.replace(plain, hashed);
        }
        file.content = Cow::Owned(text.into_bytes());
    }
    files
});

/// The names that change with the content.
static BY_HASH: LazyLock<BTreeMap<String, &'static str>> =
    LazyLock::new(|| FILES.iter().map(|(name, file)| (hashed(name, &file.content), name.as_str())).collect());

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" | "mjs" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "ts" => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

/// `name.ext` as `name.<16 hex digits>.ext`.
fn hashed(name: &str, content: &[u8]) -> String {
    let digest: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    name.rsplit_once('.').map_or_else(|| format!("{name}.{digest}"), |(stem, end)| format!("{stem}.{digest}.{end}"))
}

/// The file of this plain name, without folders.
pub fn file(name: &str) -> Option<File> {
    // Only names that were there when the crate was built; a path cannot lead out of the folder.
    FILES.get(name).cloned()
}

/// The file behind a name that [`asset_url`] made. What it names never changes.
pub fn fixed_file(name: &str) -> Option<File> {
    file(BY_HASH.get(name)?)
}

/// The path of a file, with a name that changes with its content. A name that is not there is left as it is.
pub fn asset_url(name: &str) -> String {
    let known = FILES.get(name).map(|file| hashed(name, &file.content));
    format!("/assets/{}", known.as_deref().unwrap_or(name))
}

/// A file as merchants' pages load it: their script has to know where the gateway is, also as a module.
pub fn merchant_file(name: &str, public_url: &str) -> Option<File> {
    let mut found = file(name)?;
    if name == "lendport.js" {
        let text = String::from_utf8_lossy(&found.content);
        let gateway = serde_json::Value::from(public_url.trim_end_matches('/')).to_string();
        let filled = text.replace(&format!("\"{GATEWAY}\""), &gateway).replace(&format!("\"{TEXTS}\""), &texts());
        found.content = Cow::Owned(filled.into_bytes());
    }
    Some(found)
}

/// The few texts of the merchant's script, by language.
fn texts() -> String {
    let of = |locale: Locale| {
        serde_json::json!([
            raw(locale, "lightbox.title"),
            raw(locale, "lightbox.close"),
            raw(locale, "lightbox.opening"),
            raw(locale, "lightbox.slow"),
        ])
    };
    let all: serde_json::Map<String, serde_json::Value> = Locale::ALL
        .into_iter()
        .map(|locale| (locale.tag().split('-').next().unwrap_or_default().to_owned(), of(locale)))
        .collect();
    serde_json::Value::from(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_served_by_their_name_alone() {
        assert_eq!(file("page.css").unwrap().media_type, "text/css; charset=utf-8");
        for wrong in ["", "page", "../Cargo.toml", "../src/lib.rs", "page.css/", "./page.css", "nothing.css"] {
            assert_eq!(file(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_with_a_hash_is_that_of_one_content() {
        let url = asset_url("page.css");
        let name = url.strip_prefix("/assets/").unwrap();
        assert_eq!(fixed_file(name), file("page.css"));
        assert_eq!(fixed_file("page.css"), None);
        assert_eq!(fixed_file("page.0000000000000000.css"), None);
        assert_eq!(asset_url("nothing.css"), "/assets/nothing.css");
    }

    #[test]
    fn imports_name_one_content_too() {
        let script = String::from_utf8(file("checkout.js").unwrap().content.into_owned()).unwrap();
        let imports: Vec<_> = script.lines().filter(|line| line.starts_with("import ")).collect();
        assert!(imports.len() >= 2, "{script}");
        for line in imports {
            let name = line.split("\"./").nth(1).unwrap().split('"').next().unwrap();
            assert!(fixed_file(name).is_some(), "{line}");
        }
    }

    #[test]
    fn the_merchants_script_knows_its_gateway_and_its_texts() {
        let script = merchant_file("lendport.js", "https://pay.example/").unwrap();
        let script = String::from_utf8(script.content.into_owned()).unwrap();
        assert!(script.contains("\"https://pay.example\""), "{script}");
        assert!(!script.contains("%LENDPORT"), "{script}");
        assert!(script.contains("Fermer"));
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        for (name, file) in FILES.iter() {
            // The name of SVG itself looks like an address, and is none.
            let text = String::from_utf8(file.content.to_vec()).unwrap().replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"), "{name}");
        }
    }

    #[test]
    fn styles_know_no_left_and_right() {
        for (name, file) in FILES.iter().filter(|(name, _)| name.ends_with(".css")) {
            let text = String::from_utf8(file.content.to_vec()).unwrap();
            for word in
                ["left:", "right:", "-left", "-right", ": left", ": right", "-top", "-bottom", "top:", "bottom:"]
            {
                let physical = text.lines().find(|line| line.contains(word) && !line.trim_start().starts_with("/*"));
                assert_eq!(physical, None, "{name}: use start, end, inline and block");
            }
        }
    }
}
