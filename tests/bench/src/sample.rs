//! What every side of the benchmark agrees on: the account, the key and the cart of the published example.

/// The provider whose adapter the gateway runs.
pub(crate) const PROVIDER: &str = "wegetfinancing";
/// Its account. Nobody's.
pub(crate) const MERCHANT_ID: &str = "1234";
pub(crate) const USERNAME: &str = "cdx_bench";
pub(crate) const PASSWORD: &str = "a-password-of-nobody";
/// The shop and its key. The key opens a database that is deleted with the run.
pub(crate) const SHOP: &str = "Bench shop";
pub(crate) const SECRET_KEY: &str = "lp_test_0123456789abcdefghijklmnop";
/// More shops with an account of their own, for what one shop's limit of endpoints does not hold.
pub(crate) const MORE_SHOPS: [(&str, &str); 4] = [
    ("Bench shop 2", "lp_test_1123456789abcdefghijklmnop"),
    ("Bench shop 3", "lp_test_2123456789abcdefghijklmnop"),
    ("Bench shop 4", "lp_test_3123456789abcdefghijklmnop"),
    ("Bench shop 5", "lp_test_4123456789abcdefghijklmnop"),
];
/// Seals that database: 32 equal bytes in base64.
pub(crate) const ENCRYPTION_KEY: [u8; 32] = [7; 32];
/// What the upstream echoes: seed 002's total.
pub(crate) const TOTAL: &str = "1420.00";

/// The body of a create request: seed 002, one TV and its shipping.
pub(crate) const CART: &str = r#"{"reference":"ORDER-123","provider":"wegetfinancing","currency":"USD","customer":{"first_name":"John","last_name":"Doe","email":"john@example.com","phone":"2222222222"},"billing_address":{"line1":"6 West End Court 1","city":"Long Branch","state":"NJ","postal_code":"07740","country":"US"},"items":[{"sku":"TV-1","name":"TV","quantity":1,"unit_price":"1370.00","unit_tax":"52.69"}],"shipping_amount":"50.00"}"#;

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
