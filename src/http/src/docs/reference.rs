//! The API reference as HTML, from the OpenAPI document: what a reader needs, no script, nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::html::{escape, with_code};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

struct Operation<'d> {
    method: &'static str,
    path: &'d str,
    it: &'d Value,
}

impl Operation<'_> {
    fn anchor(&self) -> String {
        escape(text(self.it, "operationId"))
    }
}

/// The page's main part.
pub(crate) fn render(document: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let operations = operations(&document);
    let mut html = String::new();
    // Writing to a String cannot fail; so everywhere below.
    let _ = write!(
        html,
        "<h1>Lendport API reference</h1>\n<p class=\"note\">Version {} · <a href=\"/openapi.json\">OpenAPI 3.1</a> · \
         <a href=\"/problems\">Problems</a></p>\n",
        escape(text(at(&document, "/info"), "version"))
    );
    html.push_str(&prose(text(at(&document, "/info"), "description")));
    html.push_str("<nav aria-label=\"Operations\">\n<ul>\n");
    for operation in &operations {
        let summary = with_code(text(operation.it, "summary"));
        let _ = writeln!(html, "<li><a href=\"#{}\">{summary}</a></li>", operation.anchor());
    }
    html.push_str("</ul>\n</nav>\n");
    for tag in at(&document, "/tags").as_array().into_iter().flatten() {
        let name = text(tag, "name");
        let _ = write!(html, "<h2>{}</h2>\n<p>{}</p>\n", escape(name), with_code(text(tag, "description")));
        for operation in operations.iter().filter(|operation| at(operation.it, "/tags/0") == name) {
            show(operation, &mut html);
        }
    }
    html.push_str("<h2>Schemas</h2>\n");
    for (name, schema) in at(&document, "/components/schemas").as_object().into_iter().flatten() {
        let _ = write!(html, "<h3 id=\"schema-{0}\">{0}</h3>\n{1}", escape(name), prose(text(schema, "description")));
        html.push_str(&properties(schema));
    }
    html
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = at(document, "/paths").as_object().into_iter().flatten();
    let of_path = |(path, item)| METHODS.into_iter().filter_map(move |method| one(path, item, method));
    paths.flat_map(of_path).collect()
}

fn one<'d>(path: &'d String, item: &'d Value, method: &'static str) -> Option<Operation<'d>> {
    Some(Operation { method, path, it: item.get(method)? })
}

fn show(operation: &Operation<'_>, html: &mut String) {
    let it = operation.it;
    let _ = write!(
        html,
        "<section aria-labelledby=\"{anchor}\">\n<h3 id=\"{anchor}\"><span class=\"method\">{method}</span> <code>{path}</code></h3>\n\
         <p>{summary}.</p>\n{about}",
        anchor = operation.anchor(),
        method = operation.method.to_uppercase(),
        path = escape(operation.path),
        summary = with_code(text(it, "summary")),
        about = prose(text(it, "description")),
    );
    let parameters = at(it, "/parameters").as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        html.push_str("<h4>Parameters</h4>\n<dl>\n");
        for parameter in parameters {
            let required = if at(parameter, "/required") == true { "" } else { ", optional" };
            let _ = writeln!(
                html,
                "<dt><code>{}</code></dt><dd>{} <span class=\"note\">({}{required})</span></dd>",
                escape(text(parameter, "name")),
                with_code(text(parameter, "description")),
                escape(text(parameter, "in")),
            );
        }
        html.push_str("</dl>\n");
    }
    if let Some(content) = at(it, "/requestBody/content/application~1json").as_object() {
        html.push_str("<h4>Body</h4>\n");
        media(content, html);
    }
    html.push_str("<h4>Answers</h4>\n<dl>\n");
    for (status, response) in at(it, "/responses").as_object().into_iter().flatten() {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(status), answer(response));
    }
    html.push_str("</dl>\n</section>\n");
}

fn answer(response: &Value) -> String {
    let mut html = with_code(text(response, "description")).replace("\n\n", "<br>");
    if let Some(content) = at(response, "/content/application~1json").as_object() {
        media(content, &mut html);
    }
    html
}

fn media(content: &Map<String, Value>, html: &mut String) {
    if let Some(schema) = content.get("schema") {
        let _ = writeln!(html, "<p>{}</p>", kind(schema));
    }
    if let Some(example) = content.get("example") {
        let example = serde_json::to_string_pretty(example).unwrap_or_default();
        let _ =
            writeln!(html, "<details><summary>Example</summary><pre><code>{}</code></pre></details>", escape(&example));
    }
}

fn properties(schema: &Value) -> String {
    let Some(properties) = at(schema, "/properties").as_object() else { return format!("<p>{}</p>\n", kind(schema)) };
    let required =
        |name: &str| at(schema, "/required").as_array().is_some_and(|list| list.iter().any(|one| one == name));
    let mut html = "<dl>\n".to_owned();
    for (name, property) in properties {
        let optional = if required(name) { "" } else { ", optional" };
        let _ = writeln!(
            html,
            "<dt><code>{}</code></dt><dd>{} <span class=\"note\">({}{optional})</span></dd>",
            escape(name),
            with_code(text(property, "description")),
            kind(property),
        );
    }
    html.push_str("</dl>\n");
    html
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = at(schema, "/$ref").as_str().and_then(|target| target.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema.get(word).and_then(Value::as_array) {
            return choices
                .iter()
                .filter(|choice| at(choice, "/type") != "null")
                .map(kind)
                .collect::<Vec<_>>()
                .join(" or ");
        }
    }
    if let Some(words) = at(schema, "/enum").as_array() {
        let words: Vec<_> =
            words.iter().filter_map(Value::as_str).map(|word| format!("<code>{}</code>", escape(word))).collect();
        return words.join(", ");
    }
    let base = match at(schema, "/type") {
        Value::String(word) => word.clone(),
        Value::Array(words) => {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).filter(|word| *word != "null").collect();
            words.join(" or ")
        }
        _ => "anything".to_owned(),
    };
    if base == "array" {
        return format!("list of {}", kind(at(schema, "/items")));
    }
    escape(&base)
}

/// What a JSON Pointer leads to, or null.
fn at<'d>(value: &'d Value, pointer: &str) -> &'d Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn text<'d>(value: &'d Value, member: &str) -> &'d str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Paragraphs and dashed lists, the little of Markdown that descriptions use.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        if block.starts_with("- ") {
            html.push_str("<ul>\n");
            for line in block.lines() {
                let _ = writeln!(html, "<li>{}</li>", with_code(&line.trim_start_matches("- ").replace("**", "")));
            }
            html.push_str("</ul>\n");
        } else {
            let _ = writeln!(html, "<p>{}</p>", with_code(block));
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_schema_is_shown_and_every_link_leads_somewhere() {
        let document = crate::openapi::openapi_json();
        let html = render(&document);
        let parsed: Value = serde_json::from_str(&document).unwrap();
        for operation in operations(&parsed) {
            assert!(html.contains(&format!("<h3 id=\"{}\">", operation.anchor())), "{}", operation.path);
        }
        for target in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
        }
        assert!(!html.contains("<script") && !html.contains("src="));
    }
}
