//! The bodies of routing and eligibility as the OpenAPI document shows them. That of a profile is the schema of the profile
//! itself (`lendport_core::routing::schema`), put in its place when the document is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lendport_engine::view::RoutingProfile;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::amount::Amount;
use super::bodies::{CaptureInput, ItemInput, ProductInput, documented};

documented! {
    /// A cart, and where it would go.
    #[schema(example = super::examples::eligibility_request)]
    struct EligibilityRequest {
        /// Your own reference; who the customer is taken for where there is no e-mail.
        #[schema(min_length = 1, max_length = 128)]
        reference: Option<String>,
        /// The kind of financing that is wanted; any when absent.
        #[schema(value_type = Option<ProductInput>)]
        product_type: Option<ProductInput>,
        /// ISO 4217; USD when absent.
        #[schema(pattern = "^[A-Za-z]{3}$")]
        currency: Option<String>,
        /// Who buys, as far as it is known.
        customer: Option<KnownCustomerInput>,
        /// Where the bill goes; country and state count.
        billing_address: KnownAddressInput,
        /// Where the goods go; the billing address when absent.
        shipping_address: Option<KnownAddressInput>,
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
        /// `automatic` (default) or `manual`.
        #[schema(value_type = Option<CaptureInput>)]
        capture: Option<CaptureInput>,
        /// Your own notes.
        metadata: Option<BTreeMap<String, String>>,
        /// Options that only one financer understands, by financer.
        #[schema(value_type = Option<BTreeMap<String, Object>>)]
        provider_options: Option<BTreeMap<String, ()>>,
    }

    /// A cart that might come.
    struct SampleMoment {
        /// When, RFC 3339; now when absent.
        #[schema(format = DateTime, example = "2026-11-21T09:30:00Z")]
        at: Option<String>,
    }

    /// A customer, as far as one is known.
    struct KnownCustomerInput {
        /// Given name.
        #[schema(min_length = 1, max_length = 200)]
        first_name: Option<String>,
        /// Family name.
        #[schema(min_length = 1, max_length = 200)]
        last_name: Option<String>,
        /// E-mail address.
        #[schema(max_length = 254)]
        email: Option<String>,
        /// North American phone number.
        phone: Option<String>,
    }

    /// An address, as far as one is known.
    struct KnownAddressInput {
        /// Street and number.
        #[schema(min_length = 1, max_length = 200)]
        line1: Option<String>,
        /// Flat, suite.
        #[schema(max_length = 200)]
        line2: Option<String>,
        /// City.
        #[schema(min_length = 1, max_length = 200)]
        city: Option<String>,
        /// State, province or territory; code or name.
        #[schema(min_length = 1, max_length = 200)]
        state: String,
        /// ZIP or postal code.
        postal_code: Option<String>,
        /// ISO 3166-1, two letters; `US` when absent.
        #[schema(pattern = "^[A-Za-z]{2}$")]
        country: Option<String>,
    }

    /// A profile to try, and what to try it with.
    struct SimulateRouting {
        /// A draft; the active profile when absent.
        #[schema(value_type = Option<RoutingProfile>)]
        profile: Option<RoutingProfile>,
        /// Past checkouts; the newest of any time when neither they nor carts are named.
        past: Option<PastCheckouts>,
        /// Carts that might come. Not together with `past`.
        #[schema(max_items = 100)]
        carts: Option<Vec<SampleCart>>,
    }

    /// Which past checkouts.
    struct PastCheckouts {
        /// Created at or after, RFC 3339.
        #[schema(format = DateTime, example = "2026-11-01T00:00:00Z")]
        created_after: Option<String>,
        /// Created before, RFC 3339.
        #[schema(format = DateTime, example = "2026-12-01T00:00:00Z")]
        created_before: Option<String>,
        /// At most so many, the newest.
        #[schema(minimum = 1, maximum = 10000, default = 10000)]
        limit: Option<u32>,
        /// Those that named their financers as well, as if they had not.
        #[schema(default = false)]
        include_named: Option<bool>,
    }
}

/// The fields of a moment, and after them those of an [`EligibilityRequest`].
pub(crate) enum SampleCart {}

impl PartialSchema for SampleCart {
    fn schema() -> RefOr<Schema> {
        match (SampleMoment::schema(), EligibilityRequest::schema()) {
            (RefOr::T(Schema::Object(mut sample)), RefOr::T(Schema::Object(cart))) => {
                sample.properties.extend(cart.properties);
                sample.required.extend(cart.required);
                Schema::Object(sample).into()
            }
            (_, cart) => cart,
        }
    }
}

impl ToSchema for SampleCart {
    fn name() -> Cow<'static, str> {
        "SampleCart".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        EligibilityRequest::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{checkout, routing};

    fn names(schema: &serde_json::Value) -> Vec<&str> {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (EligibilityRequest::schema(), routing::ELIGIBILITY),
            (SampleCart::schema(), routing::CART),
            (KnownCustomerInput::schema(), checkout::CUSTOMER),
            (KnownAddressInput::schema(), checkout::ADDRESS),
            (SimulateRouting::schema(), routing::SIMULATION),
            (PastCheckouts::schema(), routing::PAST),
        ] {
            let documented = serde_json::to_value(&documented).unwrap();
            assert_eq!(names(&documented), read);
            assert_eq!(documented["additionalProperties"], false);
        }
        let profile = lendport_core::routing::schema();
        let rule = &profile["properties"]["rules"]["items"];
        let (when, then) = (&rule["properties"]["when"], &rule["properties"]["then"]);
        for (schema, read) in [
            (&profile, routing::PROFILE),
            (rule, routing::RULE),
            (when, routing::WHEN),
            (&when["properties"]["time"]["items"], routing::WINDOW),
            (then, routing::THEN),
            (&then["properties"]["split"]["items"], routing::ARM),
            (&profile["properties"]["policies"], routing::POLICIES),
        ] {
            assert_eq!(names(schema), read);
        }
        // These may be left out: the schema of the object stands beside null.
        for (member, read) in [("amount", routing::AMOUNT), ("customers", routing::SHARE)] {
            let text = when["properties"][member].to_string();
            assert!(read.iter().all(|name| text.contains(&format!("\"{name}\":"))), "{text}");
        }
    }
}
