//! The request bodies of merchants, keys and accounts as the document shows them. The readers in `body::tenancy` do the
//! reading.

use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

use super::bodies::documented;
use crate::body::tenancy::scope_words;

documented! {
    /// A merchant to make.
    struct CreateMerchant {
        /// Its name, unique among merchants.
        #[schema(min_length = 1, max_length = 200)]
        name: String,
        /// How its customers are to see it.
        page: Option<MerchantPageInput>,
    }

    /// What is to be different; what is left out stays.
    struct UpdateMerchant {
        /// Another name; this takes `platform:admin`.
        #[schema(min_length = 1, max_length = 200)]
        name: Option<String>,
        /// How its customers are to see it.
        page: Option<MerchantPageInput>,
    }

    /// How a merchant's customers see it. What is left out stays, null takes a setting away.
    struct MerchantPageInput {
        /// Name that customers see.
        display_name: Option<String>,
        /// Address of the logo, `https`.
        #[schema(max_length = 2048, format = "uri")]
        logo_url: Option<String>,
        /// Colour of buttons and links.
        #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
        accent: Option<String>,
        /// Sites that may embed the script and frame the page.
        #[schema(max_items = 20)]
        allowed_origins: Option<Vec<String>>,
        /// Language of the page.
        locale: Option<String>,
    }

    /// A secret key to make, of the mode of the key that asks.
    struct CreateApiKey {
        /// What you call it.
        #[schema(max_length = 200)]
        label: Option<String>,
        /// What may be done with it; everything within the merchant when absent. Never more than the key that asks has.
        #[schema(schema_with = scopes)]
        scopes: Option<Vec<String>>,
        /// When it stops working, RFC 3339; never when absent.
        #[schema(format = DateTime, example = "2027-11-21T09:30:00Z")]
        expires_at: Option<String>,
    }

    /// How the old key goes out of use.
    struct RotateApiKey {
        /// Seconds for which the old key works beside the new one.
        #[schema(minimum = 0, maximum = 604800, default = 86400)]
        overlap_s: Option<u32>,
    }

    /// A merchant's own quotas, all of them: one that is left out, or null, is as configured for all merchants.
    struct PutQuotas {
        /// Checkouts that nobody has decided on, in each mode.
        #[schema(minimum = 0)]
        open_checkouts: Option<u32>,
        /// Checkouts made within 24 hours, in each mode.
        #[schema(minimum = 0)]
        checkouts_per_day: Option<u32>,
        /// Endpoints for events in each mode; there are never more than 16.
        #[schema(minimum = 0)]
        webhook_endpoints: Option<u32>,
    }

    /// An account at a financer.
    struct PutProviderAccount {
        /// Its fields by name, as GET /v1/providers/{id} lists them. Secret ones that are left out stay as they are; null
        /// takes one away. All others are what you say here.
        #[schema(schema_with = values)]
        fields: String,
    }
}

fn scopes() -> Array {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(scope_words()));
    let several = SchemaType::from_iter([Type::Array, Type::Null]);
    ArrayBuilder::new().schema_type(several).items(word).min_items(Some(1)).unique_items(true).build()
}

fn values() -> Object {
    let kinds = SchemaType::from_iter([Type::String, Type::Number, Type::Boolean, Type::Null]);
    let value = ObjectBuilder::new().schema_type(kinds).build();
    ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::<utoipa::openapi::Schema>::RefOr(
            utoipa::openapi::Schema::Object(value).into(),
        )))
        .build()
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;
    use crate::body::tenancy;

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (CreateMerchant::schema(), tenancy::MERCHANT),
            (UpdateMerchant::schema(), tenancy::MERCHANT),
            (MerchantPageInput::schema(), tenancy::PAGE),
            (CreateApiKey::schema(), tenancy::KEY),
            (RotateApiKey::schema(), tenancy::ROTATE_KEY),
            (PutQuotas::schema(), tenancy::QUOTAS),
            (PutProviderAccount::schema(), tenancy::ACCOUNT),
        ] {
            let documented = serde_json::to_value(&documented).unwrap();
            let names: Vec<_> = documented["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names, read);
            assert_eq!(documented["additionalProperties"], false);
        }
    }
}
