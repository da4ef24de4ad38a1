//! The calls of the reference (flexshopper.md 3), by method and path.

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// What is counted and disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    UserExists,
    DeepExists,
    CreateUser,
    Authorize,
    Me,
    Users,
    AddPaymentMethod,
    PaymentMethods,
    VerifyAch,
    ChildKey,
    Pkms,
    Apply,
    CreateLease,
    Lease,
    Sign,
    Transaction,
    Transactions,
    Finalize,
    Cancel,
    Return,
    ConfirmShipment,
    ConfirmReceipt,
    Agreements,
    CollectPayment,
    Settings,
    /// The plugin's script.
    Script,
    /// An order that the plugin hands over.
    Order,
    /// Anything else below `/v3/`.
    Other,
}

impl Endpoint {
    pub(super) const ALL: [Self; 28] = [
        Self::UserExists,
        Self::DeepExists,
        Self::CreateUser,
        Self::Authorize,
        Self::Me,
        Self::Users,
        Self::AddPaymentMethod,
        Self::PaymentMethods,
        Self::VerifyAch,
        Self::ChildKey,
        Self::Pkms,
        Self::Apply,
        Self::CreateLease,
        Self::Lease,
        Self::Sign,
        Self::Transaction,
        Self::Transactions,
        Self::Finalize,
        Self::Cancel,
        Self::Return,
        Self::ConfirmShipment,
        Self::ConfirmReceipt,
        Self::Agreements,
        Self::CollectPayment,
        Self::Settings,
        Self::Script,
        Self::Order,
        Self::Other,
    ];

    /// The call at a path below `/v3/`, and the id in it.
    pub(super) fn of(method: &Method, path: &str) -> (Self, Option<String>) {
        let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (get, post) = (*method == Method::GET, *method == Method::POST);
        let plain = match steps.as_slice() {
            ["user-exists"] if get => Self::UserExists,
            ["users", "exists"] if post => Self::DeepExists,
            ["users"] if post => Self::CreateUser,
            ["users"] if get => Self::Users,
            ["users", "me"] if get => Self::Me,
            ["users", "me", "apply"] if post => Self::Apply,
            ["paymentMethods", "add"] if post => Self::AddPaymentMethod,
            ["paymentMethods", "child-transaction-key"] if post => Self::ChildKey,
            ["customers", "me", "payment-methods"] if get => Self::PaymentMethods,
            ["customers", "me", "agreements"] if get => Self::Agreements,
            ["gateways", "clover", "pkms"] if get => Self::Pkms,
            ["leases"] if post => Self::CreateLease,
            ["transactions"] if get => Self::Transactions,
            ["settings", "lease"] if get => Self::Settings,
            _ => Self::Other,
        };
        if plain != Self::Other {
            return (plain, None);
        }
        let (of_one, id) = match steps.as_slice() {
            ["users", id, "authorize"] if get => (Self::Authorize, *id),
            ["paymentMethods", id, "verifyACH"] if post => (Self::VerifyAch, *id),
            ["leases", id] if get => (Self::Lease, *id),
            ["leases", id, "sign"] if post => (Self::Sign, *id),
            ["transactions", id] if get => (Self::Transaction, *id),
            ["transactions", id, "finalize"] if post => (Self::Finalize, *id),
            ["transactions", id, "cancel"] if post => (Self::Cancel, *id),
            ["transactions", id, "return"] if post => (Self::Return, *id),
            ["transactions", id, "confirm-shipment"] if post => (Self::ConfirmShipment, *id),
            ["transactions", id, "confirm-receipt"] if post => (Self::ConfirmReceipt, *id),
            ["customers", "me", "agreements", id, "transactions", "payment"] if post => (Self::CollectPayment, *id),
            _ => return (Self::Other, None),
        };
        (of_one, Some(id.to_owned()))
    }

    /// Its name in the control API.
    pub(super) fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether the reference calls `x-consumer-custom-id` required.
    pub(super) fn needs_consumer(self) -> bool {
        matches!(self, Self::CreateUser | Self::Apply | Self::CreateLease | Self::ConfirmShipment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn twenty_five_calls_have_a_path() {
        let table = [
            ("GET", "user-exists", None),
            ("POST", "users/exists", None),
            ("POST", "users", None),
            ("GET", "users/u1/authorize", Some("u1")),
            ("GET", "users/me", None),
            ("GET", "users", None),
            ("POST", "paymentMethods/add", None),
            ("GET", "customers/me/payment-methods", None),
            ("POST", "paymentMethods/u1/verifyACH", Some("u1")),
            ("POST", "paymentMethods/child-transaction-key", None),
            ("GET", "gateways/clover/pkms", None),
            ("POST", "users/me/apply", None),
            ("POST", "leases", None),
            ("GET", "leases/l1", Some("l1")),
            ("POST", "leases/l1/sign", Some("l1")),
            ("GET", "transactions/t1", Some("t1")),
            ("GET", "transactions", None),
            ("POST", "transactions/t1/finalize", Some("t1")),
            ("POST", "transactions/t1/cancel", Some("t1")),
            ("POST", "transactions/t1/return", Some("t1")),
            ("POST", "transactions/t1/confirm-shipment", Some("t1")),
            ("POST", "transactions/t1/confirm-receipt", Some("t1")),
            ("GET", "customers/me/agreements", None),
            ("POST", "customers/me/agreements/a1/transactions/payment", Some("a1")),
            ("GET", "settings/lease", None),
        ];
        let mut found = BTreeSet::new();
        for (method, path, id) in table {
            let (endpoint, read) = Endpoint::of(&method.parse().unwrap(), path);
            assert_ne!(endpoint, Endpoint::Other, "{method} {path}");
            assert_eq!(read.as_deref(), id, "{method} {path}");
            found.insert(endpoint);
        }
        assert_eq!(found.len(), 25);
        for (method, path) in [("DELETE", "users"), ("GET", "leases"), ("POST", "transaction/t1"), ("PUT", "leases/l1")]
        {
            assert_eq!(Endpoint::of(&method.parse().unwrap(), path), (Endpoint::Other, None), "{method} {path}");
        }
        assert_eq!(Endpoint::DeepExists.word(), "deep_exists");
        assert_eq!(Endpoint::ALL.len(), Endpoint::ALL.into_iter().collect::<BTreeSet<_>>().len());
    }
}
