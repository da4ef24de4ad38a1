//! The routes as the API's description names them, and what stands in the holes of their paths.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use super::bodies;

/// An id that nobody has, behind the prefix of any kind.
pub(super) const NOBODYS: &str = "0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";

/// What fills a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// An id of something that somebody owns, by its prefix.
    Owned(&'static str),
    /// A name that everybody knows.
    Shared(&'static str),
    /// A token that opens one checkout to whoever has it: of its customer's page, of the way back to it, of a push.
    Token(&'static str),
}

/// The holes, by the segment before them: a new one has to be added here knowingly.
const HOLES: [(&str, Hole); 12] = [
    ("checkouts", Hole::Owned("chk")),
    ("attention", Hole::Owned("atn")),
    ("events", Hole::Owned("evt")),
    ("deliveries", Hole::Owned("dlv")),
    ("webhook_endpoints", Hole::Owned("whe")),
    ("merchants", Hole::Owned("mer")),
    ("keys", Hole::Owned("key")),
    ("provider_accounts", Hole::Shared("acme")),
    ("providers", Hole::Shared("acme")),
    ("c", Hole::Token("page")),
    ("r", Hole::Token("return")),
    ("{provider}", Hole::Token("push")),
];

/// One method of one path.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: String,
    /// Its name in the description.
    pub(super) operation: String,
    /// Whether it asks for a key.
    pub(super) keyed: bool,
    /// The parameters of its query, with their schemas.
    pub(super) query: Vec<(String, Value)>,
    /// Whether it takes `If-Match`.
    pub(super) if_match: bool,
    /// A valid body; null where it takes none.
    pub(super) body: Value,
    /// Whether the body may name units of lines.
    pub(super) takes_lines: bool,
}

/// All of them, those that change nothing first, deletions last.
pub(super) fn all() -> Vec<Route> {
    let document: Value = serde_json::from_str(&lendport_http::openapi_json()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = || operation["parameters"].as_array().into_iter().flatten();
            let of = |place: &'static str| parameters().filter(move |one| one["in"] == place);
            let named = |one: &Value| one["name"].as_str().unwrap().to_owned();
            let security = operation["security"].as_array();
            found.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                operation: operation["operationId"].as_str().unwrap().to_owned(),
                keyed: security.is_none_or(|all| all.iter().any(|one| one.get("secret_key").is_some())),
                query: of("query").map(|one| (named(one), one["schema"].clone())).collect(),
                if_match: of("header").any(|one| named(one) == "If-Match"),
                body: bodies::of(&document, operation),
                takes_lines: bodies::takes_lines(&document, operation),
            });
        }
    }
    let turn = |route: &Route| match route.method {
        Method::GET => 0,
        Method::DELETE => 2,
        _ => 1,
    };
    found.sort_by_key(turn);
    found
}

/// Everything with an id that somebody is shown, by its prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids(BTreeMap<String, BTreeSet<String>>);

impl Ids {
    /// All ids in a text: two or three letters, an underscore, 32 hexadecimal digits.
    pub(super) fn in_text(text: &str) -> Self {
        let mut found = Self::default();
        for (at, _) in text.match_indices('_') {
            let letters = text.as_bytes()[..at].iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let digits = text.get(at + 1..at + 33).filter(|digits| digits.bytes().all(is_digit));
            if let (2..=3, Some(prefix), Some(digits)) = (letters, text.get(at - letters..at), digits) {
                found.0.entry(prefix.to_owned()).or_default().insert(format!("{prefix}_{digits}"));
            }
        }
        found
    }

    pub(super) fn add(&mut self, more: Self) {
        for (prefix, ids) in more.0 {
            self.0.entry(prefix).or_default().extend(ids);
        }
    }

    /// Those of this kind.
    pub(super) fn of(&self, prefix: &str) -> Vec<&str> {
        self.0.get(prefix).into_iter().flatten().map(String::as_str).collect()
    }

    /// So many of each kind.
    pub(super) fn few(&self, most: usize) -> Self {
        let first = |ids: &BTreeSet<String>| ids.iter().take(most).cloned().collect();
        Self(self.0.iter().map(|(prefix, ids)| (prefix.clone(), first(ids))).collect())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }

    pub(super) fn has(&self, id: &str) -> bool {
        id.split_once('_').and_then(|(prefix, _)| self.0.get(prefix)).is_some_and(|ids| ids.contains(id))
    }

    /// Those that the other one does not have.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut left = self.clone();
        for ids in left.0.values_mut() {
            ids.retain(|id| !other.has(id));
        }
        left
    }
}

/// A path with its holes filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) path: String,
    /// The same path with ids that nobody has in the place of another's.
    pub(super) nobodys: String,
    /// Whether something in it is another's.
    pub(super) anothers: bool,
}

impl Route {
    pub(super) fn holes(&self) -> Vec<(&str, Hole)> {
        let segments: Vec<_> = self.path.split('/').collect();
        let holes = segments.windows(2).filter(|pair| pair[1].starts_with('{'));
        let known = |pair: &[&str]| HOLES.iter().find(|(before, _)| *before == pair[0]).map(|(_, hole)| *hole);
        holes
            // Of a push the financer's name and the token, of a problem its code.
            .filter(|pair| pair[0] != "callbacks" && pair[0] != "problems")
            .map(|pair| {
                (pair[1], known(pair).unwrap_or_else(|| panic!("say in HOLES what fills {} of {}", pair[1], self.path)))
            })
            .collect()
    }

    /// Whether its path names something that somebody owns.
    pub(super) fn names_something(&self) -> bool {
        self.holes().iter().any(|(_, hole)| matches!(hole, Hole::Owned(_)))
    }

    /// Every way to fill it with one's own ids and another's.
    pub(super) fn filled(&self, own: &Ids, another: &Ids) -> Vec<Filled> {
        let first = Filled { path: self.path.clone(), nobodys: self.path.clone(), anothers: false };
        self.holes().into_iter().fold(vec![first], |ways, (hole, kind)| {
            let fill = |way: &Filled, value: &str, nobodys: &str, anothers: bool| Filled {
                path: way.path.replacen(hole, value, 1),
                nobodys: way.nobodys.replacen(hole, nobodys, 1),
                anothers: way.anothers || anothers,
            };
            let mut more = Vec::new();
            for way in &ways {
                match kind {
                    Hole::Owned(prefix) => {
                        more.extend(own.of(prefix).iter().take(2).map(|id| fill(way, id, id, false)));
                        let nobodys = format!("{prefix}_{NOBODYS}");
                        more.extend(another.of(prefix).iter().map(|id| fill(way, id, &nobodys, true)));
                    }
                    Hole::Shared(name) => more.push(fill(way, name, name, false)),
                    Hole::Token(_) => {}
                }
            }
            more
        })
    }

    /// The body with a unit of this line.
    pub(super) fn with_line(&self, line: &str) -> Value {
        let mut body = if self.body.is_null() { json!({}) } else { self.body.clone() };
        body["lines"] = json!([{ "line_id": line, "quantity": 1 }]);
        body
    }

    /// Queries that name another's things, each with the same query about nobody's where that has to be answered alike.
    pub(super) fn queries(&self, another: &Ids, mark: &str) -> Vec<(String, Option<String>)> {
        let mut found = vec![(String::new(), None)];
        for (name, schema) in &self.query {
            let pattern = schema["pattern"].as_str().unwrap_or_default();
            let prefix = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix("_[0-9a-f]{32}$"));
            match (name.as_str(), prefix) {
                // Versions are numbered for each merchant: nothing comes after another's.
                ("after", Some("rpf")) => found.extend(
                    another.of("rpf").iter().map(|id| (format!("?after={id}"), Some(format!("?after=rpf_{NOBODYS}")))),
                ),
                // A page after another's row is a page of one's own.
                ("after", Some(prefix)) => {
                    found.extend(another.of(prefix).iter().map(|id| (format!("?limit=100&after={id}"), None)));
                }
                (_, Some(prefix)) => found.extend(
                    another
                        .of(prefix)
                        .iter()
                        .map(|id| (format!("?{name}={id}"), Some(format!("?{name}={prefix}_{NOBODYS}")))),
                ),
                ("reference", None) => {
                    found.push((format!("?reference={mark}-open"), Some("?reference=nobodys".to_owned())));
                }
                ("expand", None) => found.push(("?expand=attempts,events".to_owned(), None)),
                ("limit", None) => found.push(("?limit=100".to_owned(), None)),
                // What everybody's rows may have.
                (
                    "state" | "kind" | "action" | "status" | "provider" | "type" | "created_after" | "created_before",
                    None,
                ) => {}
                _ => panic!("say what {name} of {} may name", self.path),
            }
        }
        found
    }
}
