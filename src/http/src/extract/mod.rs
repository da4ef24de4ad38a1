//! What handlers take: a caller, a key, a body. A handler that needs one cannot be written without it.

mod caller;
mod if_match;
mod json_body;
mod parameters;
mod path_parts;
mod query;
mod resource;
mod write;

pub(crate) use caller::{Caller, KeyedCaller};
pub(crate) use if_match::IfMatch;
pub(crate) use json_body::JsonBody;
pub(crate) use parameters::Parameters;
pub(crate) use path_parts::PathParts;
pub(crate) use query::{NoQuery, Query, note};
pub(crate) use resource::IdPath;
pub(crate) use write::{Write, etag};
