//! The body that opens a checkout, as the OpenAPI document shows it. The readers in `body` do the reading; a test below keeps the
//! two in step, field by field.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::amount::Amount;

macro_rules! documented {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* })*) => {$(
        #[derive(ToSchema)]
        $(#[$meta])*
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "describes a body; the readers in `body` read it")]
        pub(crate) struct $name { $($(#[$field_meta])* $field: $kind,)* }
    )*};
}

pub(crate) use documented;

documented! {
    /// A checkout to open.
    #[schema(example = super::examples::create_request)]
    struct CreateCheckout {
        /// Your own reference of the order.
        #[schema(min_length = 1, max_length = 128)]
        reference: Option<String>,
        /// The financer. Leave it out when only one is set up.
        #[schema(pattern = "^[a-z0-9_]{1,40}$")]
        provider: Option<String>,
        /// Several financers, in the order in which they are tried. Not together with `provider`.
        #[schema(min_items = 1, max_items = 10)]
        providers: Option<Vec<String>>,
        /// The customer chooses on the page: among `providers`, or among all that are set up where none is named. Those
        /// that cannot serve the cart are passed over; one that is left alone is asked at once, and with several the
        /// checkout is `open` until the customer has chosen.
        #[schema(default = false)]
        customer_chooses: Option<bool>,
        /// The kind of financing that is wanted; any when absent. Who offers another is passed over.
        #[schema(value_type = Option<ProductInput>)]
        product_type: Option<ProductInput>,
        /// ISO 4217. When absent, the financer's currency for the billing country.
        #[schema(pattern = "^[A-Za-z]{3}$")]
        currency: Option<String>,
        /// Who buys.
        customer: CustomerInput,
        /// Where the bill goes.
        billing_address: AddressInput,
        /// Where the goods go; the billing address when absent.
        shipping_address: Option<AddressInput>,
        /// What is bought.
        #[schema(min_items = 1, max_items = 500)]
        items: Vec<ItemInput>,
        /// True when tax is inside the unit prices.
        #[schema(default = true)]
        tax_inclusive: Option<bool>,
        /// Shipping, tax on it included.
        #[schema(value_type = Option<Amount>)]
        shipping_amount: Option<Amount>,
        /// A discount on the whole cart.
        #[schema(value_type = Option<Amount>)]
        discount_amount: Option<Amount>,
        /// Where the browser goes afterwards. It proves nothing; believe events and the checkout.
        return_urls: Option<ReturnUrlsInput>,
        /// `automatic` (default) or `manual`, where the financer leaves the choice.
        #[schema(value_type = Option<CaptureInput>)]
        capture: Option<CaptureInput>,
        /// Your own notes: at most 50, names up to 64 characters, values up to 500.
        metadata: Option<BTreeMap<String, String>>,
        /// Options that only one financer understands, by financer: at most 20, each up to 4 KiB of JSON.
        #[schema(value_type = Option<BTreeMap<String, Object>>)]
        provider_options: Option<BTreeMap<String, ()>>,
    }

    /// Who buys.
    struct CustomerInput {
        /// Given name.
        #[schema(min_length = 1, max_length = 200)]
        first_name: String,
        /// Family name.
        #[schema(min_length = 1, max_length = 200)]
        last_name: String,
        /// E-mail address.
        #[schema(min_length = 1, max_length = 254)]
        email: String,
        /// Ten digits, in any usual notation; a leading +1 may stand before them.
        phone: Option<String>,
    }

    /// A postal address.
    struct AddressInput {
        /// Street and number.
        #[schema(min_length = 1, max_length = 200)]
        line1: String,
        /// Flat, suite.
        #[schema(max_length = 200)]
        line2: Option<String>,
        /// City.
        #[schema(min_length = 1, max_length = 200)]
        city: String,
        /// State, province or territory; code or name.
        #[schema(min_length = 2, max_length = 200)]
        state: String,
        /// ZIP, ZIP+4 or Canadian postal code.
        #[schema(min_length = 1, max_length = 200)]
        postal_code: String,
        /// ISO 3166-1, two letters; `US` when absent.
        #[schema(pattern = "^[A-Za-z]{2}$")]
        country: Option<String>,
    }

    /// One line of the cart.
    struct ItemInput {
        /// Your product code.
        #[schema(min_length = 1, max_length = 200)]
        sku: Option<String>,
        /// Product name.
        #[schema(min_length = 1, max_length = 200)]
        name: String,
        /// Maker.
        #[schema(min_length = 1, max_length = 200)]
        brand: Option<String>,
        /// Units.
        #[schema(minimum = 1, maximum = 100_000)]
        quantity: u32,
        /// Price of one unit.
        #[schema(value_type = Amount)]
        unit_price: Amount,
        /// Tax on one unit.
        #[schema(value_type = Option<Amount>)]
        unit_tax: Option<Amount>,
        /// Your product category.
        #[schema(min_length = 1, max_length = 200)]
        category: Option<String>,
    }

    /// Pages of the shop, `http` or `https`.
    struct ReturnUrlsInput {
        /// After the customer finished.
        #[schema(max_length = 2048, format = "uri")]
        success: Option<String>,
        /// After the customer gave up or was refused.
        #[schema(max_length = 2048, format = "uri")]
        failure: Option<String>,
    }
}

/// A kind of financing.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a body; the readers in `body` read it")]
pub(crate) enum ProductInput {
    Loan,
    LeaseToOwn,
    Payment,
}

/// When the money is taken.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a body; the readers in `body` read it")]
pub(crate) enum CaptureInput {
    Automatic,
    Manual,
}

#[cfg(test)]
pub(super) mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::body::checkout;

    /// The names in this member of a schema.
    pub(in crate::openapi) fn words(schema: impl serde::Serialize, member: &str) -> Vec<String> {
        let schema = serde_json::to_value(schema).unwrap();
        match &schema[member] {
            serde_json::Value::Object(map) => map.keys().cloned().collect(),
            serde_json::Value::Array(list) => list.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (CreateCheckout::schema(), checkout::CHECKOUT),
            (CustomerInput::schema(), checkout::CUSTOMER),
            (AddressInput::schema(), checkout::ADDRESS),
            (ItemInput::schema(), checkout::ITEM),
            (ReturnUrlsInput::schema(), checkout::RETURN_URLS),
        ] {
            assert_eq!(words(&documented, "properties"), read);
            assert_eq!(serde_json::to_value(&documented).unwrap()["additionalProperties"], false);
        }
        assert_eq!(
            words(ProductInput::schema(), "enum"),
            lendport_core::Product::ALL.map(lendport_core::Product::as_str)
        );
    }
}
