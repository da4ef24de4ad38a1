//! A customer: who it is, how it was decided and what it pays with. Of identity and bank data nothing is kept but what
//! answers have to show: the date of birth and the last four digits of an account.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::magic;
use super::rules::{self, Identity, Rules, Verdict};
use lendport_simulation::later;

/// The outcome of an application.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) application_id: String,
    pub(super) prequal_id: String,
    pub(super) verdict: Verdict,
    pub(super) limit: Decimal,
    pub(super) created: Timestamp,
    /// Pending until then.
    pub(super) due: Timestamp,
}

impl Decision {
    /// What is known by now.
    pub(super) fn verdict(&self, now: Timestamp) -> Verdict {
        if self.due > now { Verdict::Pending } else { self.verdict }
    }
}

/// Something to pay with.
#[derive(Clone, Debug)]
pub(super) struct PaymentMethod {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) primary: bool,
    /// Takes no money.
    pub(super) declines: bool,
    pub(super) kind: PaymentKind,
}

#[derive(Clone, Debug)]
pub(super) enum PaymentKind {
    Card { brand: String, last_four: String, first_six: String },
    Bank { last_four: String },
}

/// One customer. It is FlexShopper's, not one merchant's; `accounts` are those that have to do with it.
pub(super) struct User {
    pub(super) id: String,
    pub(super) accounts: Vec<usize>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    /// First line, postal code: what the deep check compares.
    pub(super) address: Option<String>,
    pub(super) created: Timestamp,
    pub(super) decision: Option<Decision>,
    pub(super) identity: Identity,
    pub(super) date_of_birth: Option<String>,
    pub(super) hold: bool,
    pub(super) methods: Vec<PaymentMethod>,
    /// The shape of the last application: names of members and how long their values are.
    pub(super) application: Vec<(String, String)>,
    pub(super) applications: u32,
}

impl User {
    /// Begins a decision, as the rules and the words in the e-mail address say.
    pub(super) fn decide(&mut self, rules: &Rules, application_id: String, prequal_id: String, now: Timestamp) {
        let verdict = magic::verdict(&self.email).unwrap_or(rules.decision);
        let takes = magic::decision_ms(&self.email).unwrap_or(rules.decision_ms);
        let limit = magic::limit(&self.email).unwrap_or_else(|| rules::amount(&rules.spending_limit));
        self.identity = magic::identity(&self.email).unwrap_or(rules.verification);
        self.hold = self.hold || magic::hold(&self.email);
        self.applications += 1;
        self.decision =
            Some(Decision { application_id, prequal_id, verdict, limit, created: now, due: later(now, takes) });
    }

    pub(super) fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        self.decision.as_ref().map(|decision| decision.verdict(now))
    }

    /// The limit, once approved.
    pub(super) fn limit(&self, now: Timestamp) -> Decimal {
        let approved = self.decision.as_ref().filter(|decision| decision.verdict(now) == Verdict::Approve);
        approved.map_or(Decimal::ZERO, |decision| decision.limit)
    }

    /// What takes a payment that is due now.
    pub(super) fn primary(&self) -> Option<&PaymentMethod> {
        self.methods.iter().rev().find(|method| method.primary)
    }

    /// Whether a payment goes through.
    pub(super) fn can_pay(&self) -> bool {
        self.primary().is_some_and(|method| !method.declines)
    }

    /// Adds a way to pay. The first one is the primary one whatever it was said to be.
    pub(super) fn add(&mut self, mut method: PaymentMethod) {
        method.primary |= self.methods.is_empty();
        if method.primary {
            self.methods.iter_mut().for_each(|old| old.primary = false);
        }
        self.methods.push(method);
    }
}

/// An e-mail address as it is compared.
pub(super) fn same_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A phone number as it is compared: its last ten digits.
pub(super) fn same_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    digits.get(digits.len().saturating_sub(10)..).unwrap_or_default().iter().collect()
}

/// An address as it is compared.
pub(super) fn same_address(street: &str, postal_code: &str) -> String {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    format!("{} {}", plain(street), plain(postal_code).chars().take(5).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_ignore_how_it_was_written() {
        assert_eq!(same_email(" Ada@Example.com "), "ada@example.com");
        assert_eq!(same_phone("+1 (651) 444-7773"), same_phone("6514447773"));
        assert_eq!(same_address("12 Elm St.", "33431-1234"), same_address("12 elm st", "33431"));
        assert_ne!(same_address("12 Elm St", "33431"), same_address("13 Elm St", "33431"));
        assert_eq!(same_phone("12"), "12");
    }
}
