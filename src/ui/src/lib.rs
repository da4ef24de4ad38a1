#![doc = include_str!("../README.md")]

use std::borrow::Cow;

use rust_embed::RustEmbed;

mod locale;
mod model;
mod render;

pub use locale::Locale;
pub use model::{
    CartLine, CustomerPage, DemoPage, FinancerFace, NextStep, NoticeKind, NoticePage, Outcome, ReturnPage, ShopFace,
    Stage, Way,
};
pub use render::{render_demo, render_notice, render_page, render_return, render_stage};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// A file as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Bytes.
    pub content: Cow<'static, [u8]>,
    /// Value of `Content-Type`.
    pub media_type: &'static str,
}

/// The file of this name, without folders.
pub fn file(name: &str) -> Option<File> {
    let media_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    // Only names that are there when the crate is built; a path cannot lead out of the folder.
    let known = Assets::iter().find(|known| known.as_ref() == name)?;
    Some(File { content: Assets::get(&known)?.data, media_type })
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
    fn nothing_comes_from_elsewhere() {
        for name in Assets::iter() {
            let data = Assets::get(&name).unwrap().data;
            let text = String::from_utf8(data.into_owned()).unwrap();
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"), "{name}");
        }
    }
}
