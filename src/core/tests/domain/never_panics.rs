//! Text from anybody: every reader of the domain answers with a value or says what is wrong, and never panics.

use std::str::FromStr;

use lendport_core::{
    Address, AddressInput, AttemptId, Cart, CartInput, CheckoutId, Country, Currency, Customer, CustomerInput, Invalid,
    LineId, LineInput, Money, Personal, Pointer, Region, limits, parse_decimal,
};
use proptest::prelude::*;

use crate::world::cases;

/// Any text at all, and text that looks almost right.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        1 => "\\PC{0,300}",
        3 => "[-+]?[0-9]{0,30}[.,eE]{0,2}[-+]?[0-9]{0,12}",
        1 => "(\\+?1)?[ (]?[0-9]{3}[) -]{0,2}[0-9]{3}[ .-]?[0-9]{2,6}",
        1 => "[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-zéß][0-9]",
        1 => "[0-9]{4,6}(-[0-9]{3,5})?",
        1 => "[\\PC@.]{0,12}@[\\PC.]{0,12}",
        1 => "(chk_|att_)?[0-9a-fA-Fé]{30,34}",
        1 => "[A-Za-zÉéôÎ’. ]{1,24}",
        1 => proptest::sample::select(vec!["US", "ca", "Québec", "D.C.", "NaN", "1e400", "-0", "\u{0}", "🦊", "ﬁ", "İ"])
            .prop_map(str::to_owned),
    ]
}

fn maybe() -> impl Strategy<Value = Option<Personal<String>>> {
    proptest::option::weighted(0.9, texts().prop_map(Personal::new))
}

/// Every pointer lies below the place that was asked about, and no sentence repeats what the person wrote.
fn judge(invalid: &Invalid, below: &str) -> Result<(), TestCaseError> {
    prop_assert!(!invalid.0.is_empty(), "an error that names nothing");
    for error in &invalid.0 {
        prop_assert!(error.pointer.starts_with(below), "{} is not below {below}", error.pointer);
        prop_assert!(!error.code.is_empty() && !error.detail.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(5_000))]

    #[test]
    fn amounts(text in texts(), code in texts()) {
        let _ = parse_decimal(&text);
        for currency in [Some(Currency::USD), Currency::parse("JPY"), Currency::parse(&code)].into_iter().flatten() {
            if let Ok(money) = Money::parse(&text, currency) {
                prop_assert_eq!(Money::parse(&money.to_string(), currency), Ok(money), "not the same when read back");
                prop_assert_eq!(Money::from_minor(money.minor(), currency), Ok(money));
                prop_assert!(money.minus(money).unwrap().is_zero());
            }
        }
    }

    #[test]
    fn countries_regions_and_ids(country in texts(), text in texts()) {
        for country in [Some(Country::Us), Some(Country::Ca), Country::parse(&country)].into_iter().flatten() {
            if let Some(region) = Region::parse(country, &text) {
                let again = Region::parse(country, region.code());
                prop_assert_eq!(again, Some(region), "a code is its own code");
            }
        }
        if let Ok(id) = CheckoutId::from_str(&text) {
            prop_assert_eq!(id.to_string(), text.clone());
        }
        let _ = AttemptId::from_str(&text);
    }

    #[test]
    fn addresses(
        line1 in maybe(), line2 in maybe(), city in maybe(), state in maybe(), postal_code in maybe(), country in maybe(),
    ) {
        let bare = |text: Option<Personal<String>>| text.map(|text| text.expose().clone());
        let country = bare(country).filter(|text| text.len() < 3);
        let input = AddressInput { line1, line2, city, state: bare(state), postal_code, country };
        match Address::new(&input, &Pointer::root().child("billing_address")) {
            Ok(address) => prop_assert!(address.street().expose().chars().count() <= 2 * limits::TEXT_MAX_CHARS + 1),
            Err(invalid) => judge(&invalid, "/billing_address")?,
        }
    }

    #[test]
    fn customers(first_name in maybe(), last_name in maybe(), email in maybe(), phone in maybe()) {
        let input = CustomerInput { first_name, last_name, email, phone };
        match Customer::new(&input, &Pointer::root().child("customer")) {
            Ok(customer) => {
                let phone = customer.phone.as_ref().map(|phone| phone.expose().len());
                prop_assert!(phone.is_none_or(|digits| digits == 10));
                prop_assert!(customer.email.expose().len() <= 4 * limits::EMAIL_MAX_CHARS);
            }
            Err(invalid) => judge(&invalid, "/customer")?,
        }
    }

    #[test]
    fn carts(
        lines in proptest::collection::vec((texts(), texts(), texts(), any::<Option<u32>>()), 0..4),
        shipping in texts(), discount in texts(), tax_inclusive in any::<bool>(),
    ) {
        let items = lines.into_iter().map(|(name, price, tax, quantity)| LineInput {
            name: Some(name),
            quantity: quantity.map(|quantity| quantity % 200_000),
            unit_price: parse_decimal(&price).ok(),
            unit_tax: parse_decimal(&tax).ok(),
            ..LineInput::default()
        });
        let input = CartInput {
            items: items.collect(),
            tax_inclusive,
            shipping: parse_decimal(&shipping).ok(),
            discount: parse_decimal(&discount).ok(),
        };
        let mut ids = || LineId::from_str(&format!("lin_{}", "0".repeat(32))).unwrap();
        match Cart::new(&input, Currency::USD, &Pointer::root(), &mut ids) {
            Ok(cart) => {
                let goods: u64 = cart.lines.iter().map(|line| line.total.minor()).sum();
                prop_assert_eq!(cart.total.minor(), goods + cart.shipping.minor() - cart.discount.minor());
            }
            Err(invalid) => judge(&invalid, "/")?,
        }
    }
}
