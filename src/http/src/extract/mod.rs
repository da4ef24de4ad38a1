//! What handlers take: a caller, a key, a body. A handler that needs one cannot be written without it.

mod caller;
mod if_match;
mod json_body;
mod path_parts;
mod query;
mod resource;
mod write;

pub(crate) use caller::Caller;
pub(crate) use json_body::JsonBody;
pub(crate) use path_parts::PathParts;
pub(crate) use query::{NoQuery, Query, note};
pub(crate) use resource::CheckoutPath;
pub(crate) use write::{Write, etag};
