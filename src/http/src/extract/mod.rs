//! What handlers take: a caller, a key, a body. A handler that needs one cannot be written without it.

mod body_bytes;
mod caller;
mod if_match;
mod json_body;
mod parameters;
mod path_parts;
mod query;
mod resource;
mod rights;
mod secret_key;
mod write;

pub(crate) use body_bytes::{BodyBytes, Unread};
pub(crate) use caller::{Asker, Caller, Managed, Unspent};
pub(crate) use if_match::IfMatch;
pub(crate) use json_body::JsonBody;
pub(crate) use parameters::Parameters;
pub(crate) use path_parts::PathParts;
pub(crate) use query::{NoQuery, Query, note};
pub(crate) use resource::IdPath;
pub(crate) use rights::{AccountsWrite, CheckoutsRead, CheckoutsWrite, PlatformAdmin, ProvidersRead, WebhooksWrite};
pub(crate) use secret_key::holder_of_secret;
pub(crate) use write::{Write, etag};
