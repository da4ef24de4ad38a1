//! Checks a profile, naming everything that is wrong with it at once, and compiles it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::RESERVED;
use super::check_lists::{fits, providers};
use super::check_when::condition;
use super::profile::{Arm, Profile, Rule, Then};
use super::reach::unreachable;
use super::router::{Compiled, Router, Share, Target};
use super::share::place_of;
use crate::customer::plain_text;
use crate::id::ProviderId;
use crate::invalid::{FieldError, Invalid, Pointer};
use crate::limits::{ROUTING_ARMS_MAX, ROUTING_NAME_MAX_CHARS, ROUTING_RULES_MAX};

/// What a new profile is judged by beside itself. A stored one is read without: financers come and go.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Financers that the gateway has.
    pub switched_on: BTreeSet<ProviderId>,
    /// Those at which the merchant has an account in this mode.
    pub with_account: BTreeSet<ProviderId>,
}

/// A profile that can be used.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Compiled.
    pub router: Router,
    /// What is probably not meant so: rules that no cart reaches, financers without an account.
    pub warnings: Vec<FieldError>,
}

/// Checks a profile that somebody wrote, and warns; pointers are below `at`.
pub fn check(profile: &Profile, known: Option<&Known>, at: &Pointer) -> Result<Checked, Invalid> {
    let router = compile(profile, known, at)?;
    let mut warnings = unreachable(&router.rules, &at.child("rules"));
    warnings.extend(known.into_iter().flat_map(|known| without_account(profile, known, at)));
    Ok(Checked { router, warnings })
}

/// Checks a profile and warns of nothing, which is what costs most.
pub fn compile(profile: &Profile, known: Option<&Known>, at: &Pointer) -> Result<Router, Invalid> {
    let mut notes = Invalid::none();
    let mut checking = Checking { known, zones: Zones::default() };
    let cascade = providers(&profile.cascade, known, &at.child("cascade"), &mut notes);
    let rules_at = at.child("rules");
    let mut rules = Vec::new();
    if fits(profile.rules.len(), ROUTING_RULES_MAX, &rules_at, &mut notes) {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (position, rule) in profile.rules.iter().enumerate() {
            let here = rules_at.index(position);
            let earlier = names.entry(rule.name.as_str()).or_insert(position);
            if *earlier != position {
                let detail = format!("is the name of rule {earlier} already");
                notes.note(&here.child("name"), "duplicate_name", detail);
            }
            rules.extend(checking.rule(rule, &here, &mut notes));
        }
    }
    notes.finish()?;
    Ok(Router { rules, cascade, policies: profile.policies, zones: checking.zones.into_list() })
}

/// The time zones of a profile, each once.
#[derive(Default)]
pub(super) struct Zones {
    names: Vec<String>,
    zones: Vec<TimeZone>,
    database: Option<TimeZoneDatabase>,
}

impl Zones {
    /// The position of a zone.
    pub(super) fn position(&mut self, name: &str) -> Option<usize> {
        if let Some(known) = self.names.iter().position(|known| known == name) {
            return Some(known);
        }
        let database = self.database.get_or_insert_with(TimeZoneDatabase::bundled);
        self.zones.push(database.get(name).ok()?);
        self.names.push(name.to_owned());
        Some(self.names.len() - 1)
    }

    fn into_list(self) -> Vec<TimeZone> {
        self.zones
    }
}

struct Checking<'k> {
    known: Option<&'k Known>,
    zones: Zones,
}

impl Checking<'_> {
    fn rule(&mut self, rule: &Rule, at: &Pointer, notes: &mut Invalid) -> Option<Compiled> {
        let name_at = at.child("name");
        let name = notes.keep(plain_text(&rule.name, &name_at, ROUTING_NAME_MAX_CHARS));
        if RESERVED.contains(&rule.name.as_str()) {
            let detail = "is what a route says where no rule decided; choose another name";
            notes.note(&name_at, "reserved_name", detail);
        }
        let condition = condition(&rule.when, &mut self.zones, &at.child("when"), notes);
        let target = self.target(&rule.then, &at.child("then"), notes);
        Some(Compiled { name: name?, condition, target: target? })
    }

    fn target(&self, then: &Then, at: &Pointer, notes: &mut Invalid) -> Option<Target> {
        match (then.providers.is_empty(), then.split.is_empty()) {
            (false, false) => {
                notes.note(at, "conflict", "name either providers or split, not both");
                None
            }
            (true, true) => {
                notes.note(at, "missing", "name the financers in providers, or their shares in split");
                None
            }
            (false, true) => Some(Target::One(providers(&then.providers, self.known, &at.child("providers"), notes))),
            (true, false) => self.split(&then.split, &at.child("split"), notes).map(Target::Split),
        }
    }

    fn split(&self, arms: &[Arm], at: &Pointer, notes: &mut Invalid) -> Option<Vec<Share>> {
        if !fits(arms.len(), ROUTING_ARMS_MAX, at, notes) {
            return None;
        }
        let (mut sum, mut compiled) = (0_u32, Vec::new());
        for (position, arm) in arms.iter().enumerate() {
            let here = at.index(position);
            if !(1..=100).contains(&arm.weight) {
                notes.note(&here.child("weight"), "out_of_range", "must be a whole percentage from 1 to 100");
            }
            if arm.providers.is_empty() {
                notes.note(&here.child("providers"), "too_few", "name at least one financer");
            }
            sum = sum.saturating_add(arm.weight);
            let order = providers(&arm.providers, self.known, &here.child("providers"), notes);
            compiled.push((place_of(sum), order));
        }
        if sum != 100 {
            notes.note(at, "weights_do_not_sum", format!("the weights sum up to {sum}; they have to be 100 together"));
            return None;
        }
        Some(compiled)
    }
}

/// Financers that are named and at which the merchant has no account: they are passed over until there is one.
fn without_account(profile: &Profile, known: &Known, at: &Pointer) -> Vec<FieldError> {
    let rules = at.child("rules");
    let mut named: Vec<(Pointer, &[String])> = vec![(at.child("cascade"), &profile.cascade)];
    for (position, rule) in profile.rules.iter().enumerate() {
        let then = rules.index(position).child("then");
        named.push((then.child("providers"), &rule.then.providers));
        for (arm, share) in rule.then.split.iter().enumerate() {
            named.push((then.child("split").index(arm).child("providers"), &share.providers));
        }
    }
    let has_account = |name: &String| known.with_account.iter().any(|id| id.as_str() == name);
    let each = named.into_iter().flat_map(|(at, names)| {
        let missing = names.iter().enumerate().filter(|(_, name)| !has_account(name));
        missing.map(|(position, _)| at.index(position)).collect::<Vec<_>>()
    });
    let detail = "there is no account at this financer in this mode; it is passed over until there is one";
    each.map(|at| FieldError::new(&at, "no_account", detail)).collect()
}
