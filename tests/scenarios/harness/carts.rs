//! The create examples of the provider's documents in the words of our API.

use serde_json::{Value, json};

/// The `curl` sample of the older document; its reply of 3000.00 takes the prices as net.
pub(crate) fn curl_sample(tax_inclusive: bool) -> Value {
    json!({
        "reference": "order_2342",
        "provider": "wegetfinancing",
        "customer": { "first_name": "John", "last_name": "Doe", "email": "johndoe.25742gf@gmail.com" },
        "billing_address": {
            "line1": "15th Fantasy Street", "city": "New York", "state": "NY", "postal_code": "10007", "country": "US"
        },
        "shipping_address": {
            "line1": "15th Fantasy Street", "city": "New York", "state": "NY", "postal_code": "10007", "country": "US"
        },
        "items": [
            { "sku": "ref03243", "name": "Samsung TV 9340 DMX", "quantity": 1, "unit_price": "2500.00", "unit_tax": "300.00" }
        ],
        "tax_inclusive": tax_inclusive,
        "shipping_amount": "200.00"
    })
}

/// The older document's cart with two lines.
pub(crate) fn two_items() -> Value {
    let mut cart = curl_sample(true);
    cart["items"] = json!([
        { "sku": "ref 43", "name": "TV Samsung 30inch DX43", "quantity": 2, "unit_price": "2500.00",
          "unit_tax": "250.00", "category": "electronics" },
        { "sku": "ref 342", "name": "MS Excel Training Course", "quantity": 1, "unit_price": "1500.00",
          "unit_tax": "150.00", "category": "services" }
    ]);
    cart["shipping_amount"] = json!("0.00");
    cart
}

/// The newer document's sample.
pub(crate) fn usa() -> Value {
    json!({
        "reference": "ORDER-123",
        "provider": "wegetfinancing",
        "customer": { "first_name": "John", "last_name": "Doe", "email": "john@example.com", "phone": "2222222222" },
        "billing_address": {
            "line1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "postal_code": "07740", "country": "US"
        },
        "items": [{ "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69" }],
        "shipping_amount": "50.00"
    })
}

/// The newer document's Canadian sample.
pub(crate) fn canada() -> Value {
    json!({
        "reference": "ORDER-124",
        "provider": "wegetfinancing",
        "currency": "USD",
        "customer": {
            "first_name": "Marie", "last_name": "Tremblay", "email": "marie@example.com", "phone": "4165550123"
        },
        "billing_address": {
            "line1": "100 Queen St W", "city": "Toronto", "state": "ON", "postal_code": "M5H 2N2", "country": "CA"
        },
        "items": [{ "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "178.10" }],
        "shipping_amount": "50.00"
    })
}
