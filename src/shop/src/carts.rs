//! What can be bought: three carts that financers see differently.

use serde::Serialize;
use serde_json::{Value, json};

/// A line of a cart: name, quantity, price of one unit with tax, tax inside.
struct Goods(&'static str, u32, &'static str, &'static str);

/// A cart with who buys it.
pub(crate) struct Cart {
    pub(crate) id: &'static str,
    title: &'static str,
    note: &'static str,
    currency: &'static str,
    total: &'static str,
    goods: &'static [Goods],
    shipping: &'static str,
    /// First name, last name, e-mail, phone.
    who: [&'static str; 4],
    /// Street, city, state, postal code, country.
    address: [&'static str; 5],
}

/// The carts.
pub(crate) const CARTS: [Cart; 3] = [
    Cart {
        id: "all",
        title: "A television",
        note: "fits every financer",
        currency: "USD",
        total: "1249.00",
        goods: &[Goods("TV, 55 inches", 1, "1199.00", "46.12")],
        shipping: "50.00",
        // Whom FlexShopper's simulator proposes: a lease that somebody else signs is undone.
        who: ["John", "Doe", "john@example.com", "6514447773"],
        address: ["6 West End Court 1", "Long Branch", "NJ", "07740", "US"],
    },
    Cart {
        id: "small",
        title: "A cable and a cloth",
        note: "too small for a lease",
        currency: "USD",
        total: "24.98",
        goods: &[Goods("HDMI cable, 2 m", 1, "14.99", "0.93"), Goods("Screen cloth", 2, "2.50", "0.16")],
        shipping: "4.99",
        who: ["Ana", "Lopez", "ana@example.com", "3055550142"],
        address: ["18 Palm Street", "Miami", "FL", "33101", "US"],
    },
    Cart {
        id: "canada",
        title: "A soundbar to Toronto",
        note: "Canada, in Canadian dollars",
        currency: "CAD",
        total: "649.00",
        goods: &[Goods("Soundbar", 1, "629.00", "72.36")],
        shipping: "20.00",
        who: ["Marie", "Tremblay", "marie@example.com", "4165550123"],
        address: ["100 Queen St W", "Toronto", "ON", "M5H 2N2", "CA"],
    },
];

/// A cart as the page shows it.
#[derive(Serialize)]
pub(crate) struct Shown {
    id: &'static str,
    title: &'static str,
    reference_total: &'static str,
    currency: &'static str,
    items: Vec<Value>,
    note: &'static str,
}

impl Cart {
    /// The cart of this name.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        CARTS.iter().find(|cart| cart.id == id)
    }

    pub(crate) fn shown(&self) -> Shown {
        let item = |Goods(name, quantity, price, _): &Goods| json!({ "name": name, "quantity": quantity, "unit_price": price });
        Shown {
            id: self.id,
            title: self.title,
            reference_total: self.total,
            currency: self.currency,
            items: self.goods.iter().map(item).collect(),
            note: self.note,
        }
    }

    /// The body of `POST /v1/checkouts` for an order; the customer chooses who finances it.
    pub(crate) fn order(&self, order: &str, page: &str) -> Value {
        let [first_name, last_name, email, phone] = self.who;
        let [line1, city, state, postal_code, country] = self.address;
        let item = |Goods(name, quantity, price, tax): &Goods| json!({ "name": name, "quantity": quantity, "unit_price": price, "unit_tax": tax, "sku": name });
        json!({
            "reference": order,
            "customer_chooses": true,
            "currency": self.currency,
            "customer": { "first_name": first_name, "last_name": last_name, "email": email, "phone": phone },
            "billing_address": {
                "line1": line1, "city": city, "state": state, "postal_code": postal_code, "country": country
            },
            "items": self.goods.iter().map(item).collect::<Vec<_>>(),
            "shipping_amount": self.shipping,
            "return_urls": { "success": page, "failure": page },
        })
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{Currency, Money};

    use super::*;

    #[test]
    fn the_totals_that_are_shown_are_those_of_the_lines() {
        for cart in &CARTS {
            let currency = Currency::parse(cart.currency).unwrap();
            let money = |text: &str| Money::parse(text, currency).unwrap();
            let mut total = money(cart.shipping);
            for Goods(_, quantity, price, _) in cart.goods {
                for _ in 0..*quantity {
                    total = total.plus(money(price)).unwrap();
                }
            }
            assert_eq!(total, money(cart.total), "{}", cart.id);
            assert!(Cart::find(cart.id).is_some());
        }
    }
}
