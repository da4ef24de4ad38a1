//! The calls of Medusa v3: where each goes, what it carries, and whether it may be made twice (`flexshopper.md` sections 3
//! and 4). Every path is a default that the configuration may replace.

use lendport_outbound::Method;

/// What carrying a call out a second time would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it only reads.
    Reads,
    /// It makes something that a look finds again.
    Makes,
    /// It binds somebody, or moves money or goods: never sent again on a guess (question 6).
    Binds,
}

/// A call as data.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its key in the configuration's table of paths.
    pub key: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path with at most one `{name}`.
    pub path: &'static str,
    /// Carries the customer's token.
    pub customer: bool,
    /// Carries `x-consumer-custom-id` where channel and vendor are known (question 3).
    pub consumer: bool,
    /// What a second one would do.
    pub effect: Effect,
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident = $key:literal $method:ident $path:literal $customer:literal $consumer:literal $effect:ident;)*) => {
        /// A call of the reference.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Endpoint {
            $($(#[$doc])* $name,)*
        }

        impl Endpoint {
            /// Every call, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The call as data.
            pub fn spec(self) -> Spec {
                match self {
                    $(Self::$name => Spec {
                        key: $key,
                        method: Method::$method,
                        path: $path,
                        customer: $customer,
                        consumer: $consumer,
                        effect: Effect::$effect,
                    },)*
                }
            }
        }
    };
}

endpoints! {
    /// 4.1: is there a user with this e-mail address?
    UserExists = "user_exists" GET "/v3/user-exists" false false Reads;
    /// 4.2: is there one with this address, phone or e-mail?
    UserExistsDeeply = "user_exists_deeply" POST "/v3/users/exists" false false Reads;
    /// 4.3: a new user.
    CreateUser = "create_user" POST "/v3/users" false true Makes;
    /// 4.4: a token for a user. A GET that makes something.
    Authorize = "authorize" GET "/v3/users/{userId}/authorize" false true Makes;
    /// 4.5: the user with the decision.
    User = "user" GET "/v3/users/me" true false Reads;
    /// 4.6: all users of the vendor.
    Users = "users" GET "/v3/users" false true Reads;
    /// 4.7: a card or bank account.
    AddPaymentMethod = "add_payment_method" POST "/v3/paymentMethods/add" true false Makes;
    /// 4.8: cards and bank accounts on file.
    PaymentMethods = "payment_methods" GET "/v3/customers/me/payment-methods" true false Reads;
    /// 4.9: is this a bank account?
    VerifyAch = "verify_ach" POST "/v3/paymentMethods/{userId}/verifyACH" false false Reads;
    /// 4.10: a key, used once, with which a browser turns a card into a token.
    ChildKey = "child_key" POST "/v3/paymentMethods/child-transaction-key" false false Makes;
    /// 4.11: another such key.
    PkmsKey = "pkms_key" GET "/v3/gateways/clover/pkms" false false Reads;
    /// 4.12: asks for a spending limit.
    Apply = "apply" POST "/v3/users/me/apply" true true Makes;
    /// 4.13: a lease for a cart.
    CreateLease = "create_lease" POST "/v3/leases" true true Makes;
    /// 4.14: the lease.
    Lease = "lease" GET "/v3/leases/{leaseId}" true false Reads;
    /// 4.15: the customer's signature; may take a payment.
    Sign = "sign" POST "/v3/leases/{leaseId}/sign" true false Binds;
    /// 4.16: the order as FlexShopper sees it.
    Transaction = "transaction" GET "/v3/transactions/{transactionId}" false true Reads;
    /// 4.17: a page of orders.
    Transactions = "transactions" GET "/v3/transactions" false true Reads;
    /// 4.18: the merchant's confirmation; billing starts.
    Finalize = "finalize" POST "/v3/transactions/{transactionId}/finalize" false true Binds;
    /// 4.19: stops items that are not delivered.
    Cancel = "cancel" POST "/v3/transactions/{transactionId}/cancel" false true Binds;
    /// 4.20: takes items back.
    Return = "return" POST "/v3/transactions/{transactionId}/return" false true Binds;
    /// 4.21: items were sent; the merchant gets paid.
    ConfirmShipment = "confirm_shipment" POST "/v3/transactions/{transactionId}/confirm-shipment" false true Binds;
    /// 4.22: items were picked up. The path is inferred.
    ConfirmReceipt = "confirm_receipt" POST "/v3/transactions/{transactionId}/confirm-receipt" false true Binds;
    /// 4.23: the customer's running agreements.
    Agreements = "agreements" GET "/v3/customers/me/agreements" true false Reads;
    /// 4.24: takes a payment from the customer.
    CollectPayment = "collect_payment" POST "/v3/customers/me/agreements/{agreementId}/transactions/payment" true false Binds;
    /// 4.25: the merchant's minimum order.
    LeaseSettings = "lease_settings" GET "/v3/settings/lease" false false Reads;
}

impl Endpoint {
    /// The name within the braces of its path, where it has one.
    pub fn parameter(self) -> Option<&'static str> {
        parameter(self.spec().path)
    }

    /// Reads a key of the table of paths.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.spec().key == key)
    }
}

/// The name within the braces of a path.
pub(crate) fn parameter(path: &str) -> Option<&str> {
    path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_the_25_calls_of_the_reference() {
        // Section 3 of the reference, copied by hand.
        let section_3 = [
            "GET /v3/user-exists",
            "POST /v3/users/exists",
            "POST /v3/users",
            "GET /v3/users/{userId}/authorize",
            "GET /v3/users/me",
            "GET /v3/users",
            "POST /v3/paymentMethods/add",
            "GET /v3/customers/me/payment-methods",
            "POST /v3/paymentMethods/{userId}/verifyACH",
            "POST /v3/paymentMethods/child-transaction-key",
            "GET /v3/gateways/clover/pkms",
            "POST /v3/users/me/apply",
            "POST /v3/leases",
            "GET /v3/leases/{leaseId}",
            "POST /v3/leases/{leaseId}/sign",
            "GET /v3/transactions/{transactionId}",
            "GET /v3/transactions",
            "POST /v3/transactions/{transactionId}/finalize",
            "POST /v3/transactions/{transactionId}/cancel",
            "POST /v3/transactions/{transactionId}/return",
            "POST /v3/transactions/{transactionId}/confirm-shipment",
            "POST /v3/transactions/{transactionId}/confirm-receipt",
            "GET /v3/customers/me/agreements",
            "POST /v3/customers/me/agreements/{agreementId}/transactions/payment",
            "GET /v3/settings/lease",
        ];
        let ours: Vec<String> = Endpoint::ALL
            .iter()
            .map(|endpoint| format!("{} {}", endpoint.spec().method.as_str(), endpoint.spec().path))
            .collect();
        assert_eq!(ours, section_3);
    }

    #[test]
    fn keys_are_read_back_and_only_reads_may_be_repeated() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::parse(endpoint.spec().key), Some(*endpoint));
        }
        let binding: Vec<&str> = Endpoint::ALL
            .iter()
            .map(|endpoint| endpoint.spec())
            .filter(|spec| spec.effect == Effect::Binds)
            .map(|spec| spec.key)
            .collect();
        let expected =
            ["sign", "finalize", "cancel", "return", "confirm_shipment", "confirm_receipt", "collect_payment"];
        assert_eq!(binding, expected);
    }
}
