//! The bodies of routing: a profile, a simulation, and the cart of a question for eligibility.

use std::collections::BTreeMap;

use lendport_core::routing::{
    AmountRange, Arm, CustomerShare, Follow, LateApproval, Policies, Profile, Rule, Then, TimeWindow, When,
};
use lendport_core::{Invalid, Pointer, limits};
use lendport_engine::{OpenCheckout, Past, SampleCart, SimulateAsk};

use super::checkout;
use super::fields::{Fields, wrong_type};
use super::node::{KEPT_ERRORS_MAX, Node, shown};

pub(crate) const PROFILE: &[&str] = &["rules", "cascade", "policies"];
pub(crate) const RULE: &[&str] = &["name", "when", "then"];
pub(crate) const WHEN: &[&str] =
    &["amount", "currency", "country", "state", "category", "sku", "metadata", "product_type", "time", "customers"];
pub(crate) const AMOUNT: &[&str] = &["currency", "min", "max"];
pub(crate) const WINDOW: &[&str] = &["zone", "days", "from", "to", "starts_at", "ends_at"];
pub(crate) const SHARE: &[&str] = &["from", "below"];
pub(crate) const THEN: &[&str] = &["providers", "split"];
pub(crate) const ARM: &[&str] = &["weight", "providers"];
pub(crate) const POLICIES: &[&str] = &["after_decline", "after_expiry", "after_failure", "late_approval"];
pub(crate) const SIMULATION: &[&str] = &["profile", "past", "carts"];
pub(crate) const PAST: &[&str] = &["created_after", "created_before", "limit", "include_named"];
/// A cart of a simulation: the one of a question for eligibility, with a moment.
pub(crate) const CART: &[&str] = &[
    "at",
    "reference",
    "product_type",
    "currency",
    "customer",
    "billing_address",
    "shipping_address",
    "items",
    "tax_inclusive",
    "shipping_amount",
    "discount_amount",
    "capture",
    "metadata",
    "provider_options",
];
pub(crate) const ELIGIBILITY: &[&str] = match CART {
    [_at, cart @ ..] => cart,
    [] => &[],
};

/// Reads a profile; what does not fit is noted and left out.
pub(crate) fn profile(node: &Node<'_>, notes: &mut Invalid) -> Profile {
    profile_at(node, Pointer::root(), notes)
}

fn profile_at(node: &Node<'_>, at: Pointer, notes: &mut Invalid) -> Profile {
    let body = Fields::open(node, at, PROFILE, notes);
    let rules = list(&body, "rules", limits::ROUTING_RULES_MAX, notes, rule);
    let policies = body.node("policies").map(|node| {
        let policies = Fields::open(node, body.pointer("policies"), POLICIES, notes);
        let mut follow = |name: &str| {
            policies.word(name, &Follow::ALL.map(Follow::as_str), Follow::parse, notes).unwrap_or_default()
        };
        Policies {
            after_decline: follow("after_decline"),
            after_expiry: follow("after_expiry"),
            after_failure: follow("after_failure"),
            late_approval: policies
                .word("late_approval", &LateApproval::ALL.map(LateApproval::as_str), LateApproval::parse, notes)
                .unwrap_or_default(),
        }
    });
    Profile { rules, cascade: texts(&body, "cascade", notes), policies: policies.unwrap_or_default() }
}

fn rule(node: &Node<'_>, at: Pointer, notes: &mut Invalid) -> Rule {
    let rule = Fields::open(node, at, RULE, notes);
    let name = required(&rule, "name", notes);
    let when = rule.node("when").map(|node| when(node, rule.pointer("when"), notes)).unwrap_or_default();
    let then = match rule.node("then") {
        None => Then::default(),
        Some(node) => {
            let then = Fields::open(node, rule.pointer("then"), THEN, notes);
            let split = list(&then, "split", limits::ROUTING_ARMS_MAX, notes, |node, at, notes| {
                let arm = Fields::open(node, at, ARM, notes);
                let weight = arm.count("weight", notes).unwrap_or_default();
                Arm { weight, providers: texts(&arm, "providers", notes) }
            });
            Then { providers: texts(&then, "providers", notes), split }
        }
    };
    Rule { name, when, then }
}

fn when(node: &Node<'_>, at: Pointer, notes: &mut Invalid) -> When {
    let when = Fields::open(node, at, WHEN, notes);
    let amount = when.node("amount").map(|node| {
        let range = Fields::open(node, when.pointer("amount"), AMOUNT, notes);
        let mut bound = |name: &str| range.amount(name, notes).map(|amount| amount.to_string());
        let (min, max) = (bound("min"), bound("max"));
        AmountRange { currency: required(&range, "currency", notes), min, max }
    });
    let customers = when.node("customers").map(|node| {
        let share = Fields::open(node, when.pointer("customers"), SHARE, notes);
        let mut percent = |name: &str| share.count(name, notes).unwrap_or_default();
        CustomerShare { from: percent("from"), below: percent("below") }
    });
    When {
        amount,
        currency: texts(&when, "currency", notes),
        country: texts(&when, "country", notes),
        state: texts(&when, "state", notes),
        category: texts(&when, "category", notes),
        sku: texts(&when, "sku", notes),
        metadata: values_by_key(&when, notes),
        product_type: texts(&when, "product_type", notes),
        time: list(&when, "time", limits::ROUTING_WINDOWS_MAX, notes, window),
        customers,
    }
}

fn window(node: &Node<'_>, at: Pointer, notes: &mut Invalid) -> TimeWindow {
    let window = Fields::open(node, at, WINDOW, notes);
    TimeWindow {
        zone: required(&window, "zone", notes),
        days: texts(&window, "days", notes),
        from: window.text("from", notes),
        to: window.text("to", notes),
        starts_at: window.text("starts_at", notes),
        ends_at: window.text("ends_at", notes),
    }
}

fn values_by_key(when: &Fields<'_, '_>, notes: &mut Invalid) -> BTreeMap<String, Vec<String>> {
    let at = when.pointer("metadata");
    let entries = when.map("metadata", notes).unwrap_or_default();
    let mut found = BTreeMap::new();
    for (key, node) in entries.iter().take(limits::METADATA_ENTRIES_MAX + 1) {
        found.insert(key.clone(), texts_of(node, &at.child(&shown(key)), notes));
    }
    found
}

/// A simulation.
pub(crate) fn simulation(node: &Node<'_>, notes: &mut Invalid) -> SimulateAsk {
    let body = Fields::open(node, Pointer::root(), SIMULATION, notes);
    let profile = body.node("profile").map(|node| profile_at(node, body.pointer("profile"), notes));
    let past = body.node("past").map(|node| {
        let past = Fields::open(node, body.pointer("past"), PAST, notes);
        let limit = past.count("limit", notes);
        if limit.is_some_and(|limit| !(1..=limits::SIMULATED_CHECKOUTS_MAX).contains(&limit)) {
            let detail = format!("must be a whole number from 1 to {}", limits::SIMULATED_CHECKOUTS_MAX);
            notes.note(&past.pointer("limit"), "out_of_range", detail);
        }
        Past {
            created_after: past.moment("created_after", notes),
            created_before: past.moment("created_before", notes),
            limit,
            include_named: past.flag("include_named", notes).unwrap_or(false),
        }
    });
    let carts = body.node("carts").map(|_| {
        list(&body, "carts", limits::SIMULATED_CARTS_MAX, notes, |node, at, notes| {
            let cart = Fields::open(node, at, CART, notes);
            let at = cart.moment("at", notes);
            SampleCart { asked: checkout::imagined(&cart, notes), at }
        })
    });
    SimulateAsk { profile, past, carts }
}

/// The cart of a question for eligibility.
pub(crate) fn eligibility(node: &Node<'_>, notes: &mut Invalid) -> OpenCheckout {
    let body = Fields::open(node, Pointer::root(), ELIGIBILITY, notes);
    checkout::imagined(&body, notes)
}

fn required(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> String {
    match fields.node(name) {
        Some(_) => fields.text(name, notes).unwrap_or_default(),
        None => {
            notes.note(&fields.pointer(name), "missing", "is required");
            String::new()
        }
    }
}

/// The elements of a list, as long as there are not too many.
fn list<T>(
    fields: &Fields<'_, '_>,
    name: &str,
    max: usize,
    notes: &mut Invalid,
    read: impl Fn(&Node<'_>, Pointer, &mut Invalid) -> T,
) -> Vec<T> {
    if fields.node(name).is_none() {
        return Vec::new();
    }
    let (at, nodes) = (fields.pointer(name), fields.list(name, notes).unwrap_or_default());
    if nodes.len() > max {
        notes.note(&at, "too_many", format!("may have at most {max} entries"));
        return Vec::new();
    }
    nodes.iter().enumerate().map(|(position, node)| read(node, at.index(position), notes)).collect()
}

fn texts(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Vec<String> {
    fields.node(name).map(|node| texts_of(node, &fields.pointer(name), notes)).unwrap_or_default()
}

/// A list of strings. One that is something else keeps its place, so that pointers to the others stay right.
fn texts_of(node: &Node<'_>, at: &Pointer, notes: &mut Invalid) -> Vec<String> {
    let Node::Array(nodes) = node else {
        wrong_type(at, "an array", node, notes);
        return Vec::new();
    };
    let read = |(position, node): (usize, &Node<'_>)| match node {
        Node::Text(text) => text.clone(),
        other => {
            if notes.0.len() < KEPT_ERRORS_MAX {
                wrong_type(&at.index(position), "a string", other, notes);
            }
            String::new()
        }
    };
    // One more than may be there is enough to say that there are too many.
    nodes.iter().take(limits::ROUTING_VALUES_MAX + 1).enumerate().map(read).collect()
}
