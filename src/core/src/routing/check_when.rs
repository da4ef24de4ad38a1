//! The conditions of a rule: each is read, and what cannot hold together is noted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::check::Zones;
use super::check_lists::{fits, list, words};
use super::condition::{Amount, Condition};
use super::profile::{AmountRange, CustomerShare, TimeWindow, When};
use super::share::place_of;
use super::window::{Window, day, minutes};
use crate::country::Country;
use crate::invalid::{Invalid, Pointer};
use crate::limits::{
    METADATA_ENTRIES_MAX, METADATA_KEY_MAX_CHARS, METADATA_VALUE_MAX_CHARS, ROUTING_WINDOWS_MAX, TEXT_MAX_CHARS,
};
use crate::money::{Currency, Money};
use crate::product::Product;
use crate::region::Region;

/// Reads conditions; what cannot be read is noted and left out.
pub(super) fn condition(when: &When, zones: &mut Zones, at: &Pointer, notes: &mut Invalid) -> Condition {
    let currencies = list(
        &when.currency,
        &at.child("currency"),
        notes,
        "unknown_currency",
        "use an ISO 4217 code such as USD",
        Currency::parse,
    );
    let countries = list(
        &when.country,
        &at.child("country"),
        notes,
        "invalid_country",
        "use a two-letter ISO 3166 code such as US",
        Country::parse,
    );
    let states = list(
        &when.state,
        &at.child("state"),
        notes,
        "invalid_state",
        "use a country and its state or province, such as US-NJ",
        state,
    );
    let products = list(
        &when.product_type,
        &at.child("product_type"),
        notes,
        "unknown_choice",
        "use one of loan, lease_to_own, payment",
        Product::parse,
    );
    let condition = Condition {
        amount: when.amount.as_ref().and_then(|range| amount(range, &at.child("amount"), notes)),
        currencies: currencies.into_iter().collect(),
        countries: countries.into_iter().collect(),
        states: by_country(&states),
        categories: words(&when.category, TEXT_MAX_CHARS, &at.child("category"), notes),
        skus: words(&when.sku, TEXT_MAX_CHARS, &at.child("sku"), notes),
        metadata: metadata(when, &at.child("metadata"), notes),
        products,
        windows: windows(&when.time, zones, &at.child("time"), notes),
        customers: when.customers.and_then(|share| customers(share, &at.child("customers"), notes)),
    };
    contradictions(&condition, &states, at, notes);
    condition
}

fn state(text: &str) -> Option<(Country, Region)> {
    let (country, state) = text.split_once('-')?;
    let country = Country::parse(country)?;
    if state.chars().count() > TEXT_MAX_CHARS {
        return None;
    }
    Region::parse(country, state).map(|region| (country, region))
}

fn by_country(states: &[(Country, Region)]) -> BTreeMap<Country, BTreeSet<String>> {
    let mut found: BTreeMap<Country, BTreeSet<String>> = BTreeMap::new();
    for (country, state) in states {
        found.entry(*country).or_default().insert(state.code().to_owned());
    }
    found
}

fn amount(range: &AmountRange, at: &Pointer, notes: &mut Invalid) -> Option<Amount> {
    let Some(currency) = Currency::parse(&range.currency) else {
        notes.note(&at.child("currency"), "unknown_currency", "use an ISO 4217 code such as USD");
        return None;
    };
    let mut bound = |text: &Option<String>, name: &str| match text.as_deref().map(|text| Money::parse(text, currency)) {
        None => Some(None),
        Some(Ok(money)) => Some(Some(money.amount())),
        Some(Err(error)) => {
            notes.note(&at.child(name), error.code(), error.to_string());
            None
        }
    };
    let (min, max) = (bound(&range.min, "min"), bound(&range.max, "max"));
    let (min, max) = (min?, max?);
    match (min, max) {
        (None, None) => notes.note(at, "missing", "name min, max, or both"),
        (Some(min), Some(max)) if min > max => notes.note(at, "empty_range", "min is more than max: no total fits"),
        _ => return Some(Amount { currency, min, max }),
    }
    None
}

fn metadata(when: &When, at: &Pointer, notes: &mut Invalid) -> BTreeMap<String, BTreeSet<String>> {
    let mut entries = BTreeMap::new();
    if !fits(when.metadata.len(), METADATA_ENTRIES_MAX, at, notes) {
        return entries;
    }
    for (key, values) in &when.metadata {
        let here = at.child(key);
        if key.is_empty() || key.chars().count() > METADATA_KEY_MAX_CHARS {
            notes.note(&here, "invalid_key", format!("a key has 1 to {METADATA_KEY_MAX_CHARS} characters"));
        }
        if values.is_empty() {
            notes.note(&here, "too_few", "name at least one value");
        }
        entries.insert(key.clone(), words(values, METADATA_VALUE_MAX_CHARS, &here, notes));
    }
    entries
}

fn windows(asked: &[TimeWindow], zones: &mut Zones, at: &Pointer, notes: &mut Invalid) -> Vec<Window> {
    if !fits(asked.len(), ROUTING_WINDOWS_MAX, at, notes) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (position, window) in asked.iter().enumerate() {
        found.extend(one_window(window, zones, &at.index(position), notes));
    }
    found
}

fn one_window(asked: &TimeWindow, zones: &mut Zones, at: &Pointer, notes: &mut Invalid) -> Option<Window> {
    let zone = zones.position(&asked.zone);
    if zone.is_none() {
        let detail = "use the name of an IANA time zone such as America/New_York";
        notes.note(&at.child("zone"), "unknown_time_zone", detail);
    }
    let detail = "use mon, tue, wed, thu, fri, sat, sun";
    let days = list(&asked.days, &at.child("days"), notes, "unknown_choice", detail, day);
    let mut moment = |text: &Option<String>, name: &str| {
        let text = text.as_deref()?;
        let moment = text.parse::<Timestamp>().ok();
        if moment.is_none() {
            let detail = "must be a moment such as 2026-11-21T09:30:00Z";
            notes.note(&at.child(name), "invalid_value", detail);
        }
        moment
    };
    let (starts_at, ends_at) = (moment(&asked.starts_at, "starts_at"), moment(&asked.ends_at, "ends_at"));
    let nothing = asked.days.is_empty()
        && asked.from.is_none()
        && asked.to.is_none()
        && asked.starts_at.is_none()
        && asked.ends_at.is_none();
    if nothing {
        notes.note(at, "missing", "name days, from and to, or starts_at and ends_at");
    }
    if starts_at.zip(ends_at).is_some_and(|(start, end)| start >= end) {
        notes.note(at, "empty_range", "it ends before it starts: no moment fits");
    }
    let hours = hours(asked, at, notes);
    Some(Window { zone: zone?, days, hours, starts_at, ends_at })
}

fn hours(asked: &TimeWindow, at: &Pointer, notes: &mut Invalid) -> Option<(u32, u32)> {
    let mut time = |text: &Option<String>, name: &str, max: u32| {
        let text = text.as_deref()?;
        let time = minutes(text).filter(|time| *time <= max);
        if time.is_none() {
            notes.note(&at.child(name), "invalid_value", "must be a time of the day such as 09:30");
        }
        time
    };
    let (from, to) = (time(&asked.from, "from", 24 * 60 - 1), time(&asked.to, "to", 24 * 60));
    for (name, there, other) in [("from", &asked.from, &asked.to), ("to", &asked.to, &asked.from)] {
        if there.is_none() && other.is_some() {
            notes.note(&at.child(name), "missing", "from and to belong together");
        }
    }
    let (from, to) = from.zip(to)?;
    if from == to {
        notes.note(at, "empty_range", "it ends when it begins; leave both out for the whole day");
        return None;
    }
    Some((from, to))
}

fn customers(share: CustomerShare, at: &Pointer, notes: &mut Invalid) -> Option<(u32, u32)> {
    if share.below > 100 {
        notes.note(&at.child("below"), "out_of_range", "must be a percentage of at most 100");
        return None;
    }
    if share.from >= share.below {
        notes.note(at, "empty_range", "from is not less than below: no customer fits");
        return None;
    }
    Some((place_of(share.from), place_of(share.below)))
}

/// Conditions of one rule that never hold together.
fn contradictions(condition: &Condition, states: &[(Country, Region)], at: &Pointer, notes: &mut Invalid) {
    let amount = condition.amount.map(|range| range.currency);
    if amount.is_some_and(|currency| !condition.currencies.is_empty() && !condition.currencies.contains(&currency)) {
        let detail = "its currency is not among those of the rule: no cart fits";
        notes.note(&at.child("amount").child("currency"), "contradiction", detail);
    }
    for (position, (country, _)) in states.iter().enumerate() {
        if !condition.countries.is_empty() && !condition.countries.contains(country) {
            let detail = "its country is not among those of the rule: no address fits";
            notes.note(&at.child("state").index(position), "contradiction", detail);
        }
    }
}
