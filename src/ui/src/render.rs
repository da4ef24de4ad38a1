//! The pages as HTML.

use crate::model::{CustomerPage, DemoPage, NoticePage, ReturnPage};

/// The customer's page.
pub fn render_page(page: &CustomerPage) -> String {
    let stage = render_stage(page);
    format!("<!doctype html>\n<html lang=\"{}\"><body><div id=\"stage\">{stage}</div></body></html>", page.locale.tag())
}

/// The part of the customer's page that changes.
pub fn render_stage(page: &CustomerPage) -> String {
    format!("<h1>{}</h1>", page.stage.as_str())
}

/// A page that says one thing.
pub fn render_notice(page: &NoticePage) -> String {
    format!("<!doctype html>\n<html lang=\"{}\"><body><h1>{:?}</h1></body></html>", page.locale.tag(), page.kind)
}

/// Where a financer sends the browser back to.
pub fn render_return(page: &ReturnPage) -> String {
    format!("<!doctype html>\n<html lang=\"{}\"><body></body></html>", page.locale.tag())
}

/// The demo shop's page.
pub fn render_demo(_: &DemoPage) -> String {
    "<!doctype html>\n<html lang=\"en\"><body></body></html>".to_owned()
}
