//! The body of a problem (RFC 9457) with our members.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::Code;

/// A problem document, `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = super::example)]
pub struct ProblemDocument {
    /// Address of a page that explains this kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words for people; the same for every problem of this kind.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What happened in this case. Never repeats personal data.
    pub detail: String,
    /// The word for programs.
    #[schema(schema_with = words)]
    pub code: &'static str,
    /// Our id of the request; quote it when you ask about it.
    pub request_id: String,
    /// True when the same request, with the same `Idempotency-Key`, may succeed later.
    pub retryable: bool,
    /// Everything that is wrong with the request, at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// The financer, when one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProblemProvider>,
    /// The checkout, when one exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout: Option<ProblemCheckout>,
    /// The scope that the key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "checkouts:write")]
    pub required_scope: Option<&'static str>,
    /// The quota that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<ProblemQuota>,
}

/// A quota that is reached.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ProblemQuota {
    /// Which one.
    #[schema(example = "open_checkouts")]
    pub name: &'static str,
    /// As many as there may be.
    pub limit: u32,
    /// As many as there are.
    pub used: u32,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON Pointer into your body, or `?name` for a query parameter.
    pub pointer: String,
    /// The word for programs, such as `missing` or `too_many_digits`.
    pub code: String,
    /// What to do.
    pub detail: String,
}

/// What a financer had to do with it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemProvider {
    /// Which one.
    pub id: String,
    /// Its own word for the error, when it spoke.
    pub code: Option<String>,
    /// What it comes to, in our words.
    pub message: String,
    /// Its HTTP status, when it answered.
    pub status: Option<u16>,
}

/// The checkout the problem is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemCheckout {
    /// Its id.
    pub id: String,
    /// Its status now.
    pub status: &'static str,
}

/// Every `code` that a problem can have. More may follow.
fn words() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Code::ALL.map(|code| code.entry().word)))
        .description(Some("The word for programs; more may follow"))
        .build()
}
