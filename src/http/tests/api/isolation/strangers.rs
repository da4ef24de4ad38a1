//! Who asks for what is not theirs, and what they are told: what they would be told of something that is nowhere.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use http::Method;
use lendport_core::MerchantId;

use super::ask;
use super::routes::{self, Filled, Ids, NOBODYS, Route};
use super::seen::said;
use super::shop::Shop;
use crate::world::{Answer, World};

/// Somebody with a key of one merchant.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    name: String,
    bearer: String,
    acts_for: Option<String>,
    /// Whether a right may be missing, which is told whatever the path names.
    few_rights: bool,
    /// Whether it sends the other's Idempotency-Keys.
    pub(super) repeats: bool,
}

impl Stranger {
    pub(super) fn new(name: &str, bearer: &str) -> Self {
        let (name, bearer) = (name.to_owned(), bearer.to_owned());
        Self { name, bearer, acts_for: None, few_rights: false, repeats: false }
    }

    pub(super) fn with_few_rights(self) -> Self {
        Self { few_rights: true, ..self }
    }

    pub(super) fn acting_for(self, merchant: MerchantId) -> Self {
        Self { acts_for: Some(merchant.to_string()), ..self }
    }

    pub(super) fn repeating(self) -> Self {
        Self { repeats: true, ..self }
    }

    async fn ask(&self, world: &World, route: &Route, path: &str, if_match: Option<&str>) -> Answer {
        let mut headers = Vec::new();
        headers.extend(self.acts_for.as_deref().map(|merchant| ("lendport-merchant", merchant)));
        headers.extend(if_match.map(|tag| ("if-match", tag)));
        if self.repeats && route.method == Method::POST {
            headers.push(("idempotency-key", &route.operation));
        }
        world.with_headers(&self.bearer, route.method.clone(), path, &headers, &route.body).await
    }
}

/// Of how many things of a kind each stranger asks for each; the first one asks for all.
const OF_A_KIND: usize = 2;

/// What one side has and the other has not.
pub(super) struct Walk<'a> {
    pub(super) own: Ids,
    pub(super) others: Ids,
    /// Words of the other's.
    pub(super) marks: Vec<&'a str>,
}

impl Walk<'_> {
    /// Everybody asks for everything; says how much that was.
    pub(super) async fn every_route(&self, world: &World, strangers: &[Stranger]) -> usize {
        let (mut asked, few) = (0, self.others.few(OF_A_KIND));
        for route in routes::all().into_iter().filter(|route| route.keyed) {
            for (turn, stranger) in strangers.iter().enumerate() {
                let others = if turn == 0 { &self.others } else { &few };
                let ways = route.filled(&self.own, others);
                let (anothers, own): (Vec<_>, Vec<_>) = ways.iter().partition(|way| way.anothers);
                asked += self.anothers(world, &route, stranger, &anothers).await;
                for way in own {
                    asked += self.own(world, &route, stranger, way, others).await;
                }
            }
        }
        asked
    }

    /// Paths that name another's thing: each is answered as the path of nothing is.
    async fn anothers(&self, world: &World, route: &Route, stranger: &Stranger, ways: &[&Filled]) -> usize {
        let tags: &[Option<&str>] = if route.if_match { &[None, Some("\"999\""), Some("*")] } else { &[None] };
        let mut answers = BTreeMap::new();
        for tag in tags {
            for way in ways {
                let answer = stranger.ask(world, route, &way.path, *tag).await;
                let about = format!("{}: {} {}", stranger.name, route.method, way.path);
                if !stranger.few_rights {
                    assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{about}: {}", answer.text);
                }
                self.keeps_quiet(&about, &answer);
                let nobodys = match answers.entry((*tag, &way.nobodys)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(said(&stranger.ask(world, route, &way.nobodys, *tag).await)),
                };
                assert_eq!(&said(&answer), nobodys, "{about}");
            }
        }
        tags.len() * ways.len()
    }

    /// A path that names nothing, or only one's own: its queries may name another's. Where it changes something it is asked
    /// only where it names nothing, for what else it does to one's own is not this test's.
    async fn own(&self, world: &World, route: &Route, stranger: &Stranger, way: &Filled, others: &Ids) -> usize {
        let reads = route.method == Method::GET;
        if !reads && route.names_something() {
            return 0;
        }
        let queries = route.queries(others, self.marks[0]);
        for (query, nobodys) in &queries {
            let answer = stranger.ask(world, route, &format!("{}{query}", way.path), None).await;
            let about = format!("{}: {} {}{query}", stranger.name, route.method, way.path);
            self.keeps_quiet(&about, &answer);
            let is_new = answer.status != 409 && answer.header("idempotent-replayed").is_none();
            assert!(reads || is_new, "{about}: {}", answer.text);
            if reads {
                let strange: Vec<_> =
                    Ids::in_text(&said(&answer)).all().filter(|id| !self.own.has(id)).map(str::to_owned).collect();
                assert!(strange.is_empty(), "{about} shows {strange:?}");
            }
            if let Some(nobodys) = nobodys {
                let nobodys = stranger.ask(world, route, &format!("{}{nobodys}", way.path), None).await;
                assert_eq!(said(&answer), said(&nobodys), "{about}");
            }
        }
        queries.len()
    }

    /// Units of another's lines on all of one's own: as of a line that nobody has. Says how many routes take lines.
    pub(super) async fn others_lines(&self, world: &World, stranger: &Stranger) -> usize {
        let (all, line) = (routes::all(), self.others.of("lin")[0]);
        let mut unknown = 0;
        let with_lines: Vec<_> = all.iter().filter(|route| route.takes_lines).collect();
        for route in &with_lines {
            for way in route.filled(&Ids::default(), &self.own) {
                let ask = async |line: &str| {
                    let route = Route { body: route.with_line(line), ..(*route).clone() };
                    let answer = stranger.ask(world, &route, &way.path, None).await;
                    assert!(answer.status.is_client_error(), "{}: {}", way.path, answer.text);
                    said(&answer).replace(line, "the line")
                };
                let told = ask(line).await;
                unknown += usize::from(told.contains("unknown_line"));
                assert!(!Ids::in_text(&told).all().any(|id| self.others.has(id)), "{} tells {told}", way.path);
                assert_eq!(told, ask(&format!("lin_{NOBODYS}")).await, "{} {}", route.method, way.path);
            }
        }
        assert!(unknown > 0, "something else is always wrong before the line is");
        with_lines.len()
    }

    /// Nothing of another's is in an answer, headers included.
    fn keeps_quiet(&self, about: &str, answer: &Answer) {
        let whole = said(answer);
        for id in Ids::in_text(&whole).all() {
            assert!(!self.others.has(id), "{about} tells of {id}: {whole}");
        }
        for mark in &self.marks {
            assert!(!whole.contains(mark), "{about} tells of {mark}: {whole}");
        }
    }

    /// In another merchant's name a merchant hears of nothing at all, its own things included.
    pub(super) async fn in_the_others_name(&self, world: &World, shop: &Shop, other: MerchantId) {
        let stranger = Stranger::new("in the other's name", &shop.key).acting_for(other);
        for route in routes::all().into_iter().filter(|route| route.keyed) {
            for way in route.filled(&self.own.few(1), &self.others.few(1)) {
                let answer = stranger.ask(world, &route, &way.path, None).await;
                assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{} {}", route.method, way.path);
                self.keeps_quiet(&route.path, &answer);
            }
        }
        // The key itself works.
        let own = routes::all().into_iter().find(|route| route.operation == "listCheckouts").unwrap();
        assert_eq!(ask(world, shop, &own, &own.path, None).await.status, 200);
    }
}
