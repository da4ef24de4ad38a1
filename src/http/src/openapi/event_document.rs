//! The document of an event, for both descriptions: what endpoints are sent is what `/v1/events` answers.
//! `lendport_core::event_document` writes it.

use lendport_engine::view::CheckoutView;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

use super::disabled_endpoint::DisabledEndpoint;
use crate::body::webhook::event_types;

/// What happened, and what it happened to as it was then.
#[derive(ToSchema)]
#[schema(as = Event, example = super::examples::event)]
#[expect(dead_code, reason = "describes a document; `lendport_core::event_document` writes it")]
pub(crate) struct EventDocument {
    /// Drop repeats by it. Also the `webhook-id`.
    #[schema(example = "evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    id: String,
    /// What happened. More types may follow: ignore those you do not know.
    #[schema(schema_with = event_word)]
    r#type: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: (),
    /// `test` or `live`.
    #[schema(schema_with = modes)]
    mode: String,
    /// Position in the checkout's history, from 1 without gaps. Drop what is older than what you hold of that checkout.
    /// 0 where the event is no part of a checkout's history: compare those with nothing.
    #[schema(minimum = 0)]
    sequence: u64,
    /// True when you asked for it, to try an endpoint: it tells of nothing that happened. Absent otherwise.
    test: Option<bool>,
    /// What it happened to.
    data: EventData,
}

/// What an event is about: one of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a document; `lendport_core::event_document` writes it")]
pub(crate) struct EventData {
    /// The checkout as it was at that sequence; in all types but those of endpoints.
    checkout: Option<CheckoutView>,
    /// The endpoint as it was then; in `webhook_endpoint.disabled`.
    webhook_endpoint: Option<DisabledEndpoint>,
}

/// The type of an event.
pub(crate) fn event_word() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(event_types())).build()
}

/// Types of events.
pub(crate) fn event_words() -> Array {
    words().build()
}

/// Types of events, or null for all.
pub(crate) fn event_words_or_null() -> Array {
    words().schema_type(SchemaType::from_iter([Type::Array, Type::Null])).build()
}

fn words() -> ArrayBuilder {
    ArrayBuilder::new().items(event_word()).min_items(Some(1)).unique_items(true)
}

fn modes() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["test", "live"])).build()
}
