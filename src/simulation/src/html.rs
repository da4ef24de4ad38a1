//! Text inside pages.

/// Makes text harmless inside HTML text and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// A simulator's manual as a page.
pub fn manual(title: &str, text: &str) -> String {
    let text = escape(text);
    format!("<!doctype html><html lang=en><title>{title}</title><main><pre>{text}</pre></main>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(escape("<a href=\"'\">&"), "&lt;a href=&quot;&#39;&quot;&gt;&amp;");
        assert!(manual("A", "<b>").ends_with("<pre>&lt;b&gt;</pre></main>"));
    }
}
