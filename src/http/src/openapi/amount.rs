//! An amount on its way in, for the document: a decimal string, or a number that is read exactly.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, path::Operation};
use utoipa::{PartialSchema, ToSchema};

/// The schema `Amount`.
pub(crate) struct Amount;

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(r"^[0-9]+(\.[0-9]+)?$"))
            .max_length(Some(64))
            .examples(["1370.00"])
            .build();
        let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Number)).minimum(Some(0)).build();
        let about = "Major units. A decimal string, or a number, which is read without binary floating point. \
                     More digits than the currency has are an error, never a rounding.";
        OneOfBuilder::new().item(text).item(number).description(Some(about)).into()
    }
}

impl ToSchema for Amount {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}

/// Keeps the operations of a path in reach of one loop.
pub(crate) fn operations(item: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch].into_iter().flatten()
}
