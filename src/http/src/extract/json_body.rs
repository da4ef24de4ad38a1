//! A request body: its size and type are judged here, its content by the readers in `body`.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use lendport_core::Invalid;

use super::body_bytes::{BodyBytes, Unread};
use crate::app::App;
use crate::body::{Node, parse};
use crate::problem::{Code, Problem};

/// The bytes of a body that says it is JSON, or of an empty one.
#[derive(Clone, Debug)]
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest<App> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let typed = judge_type(request.headers());
        let Ok(BodyBytes(bytes)) = BodyBytes::from_request(request, app).await;
        let bytes = bytes.map_err(|unread| match unread {
            Unread::Late => Problem::plain(Code::RequestTimeout),
            Unread::TooLarge => {
                Problem::new(Code::BodyTooLarge, format!("the body may have at most {} bytes", app.body_max_bytes))
            }
            Unread::Broken => Problem::new(Code::MalformedJson, "the body could not be read to its end"),
        })?;
        match typed {
            Type::Json => Ok(Self(bytes)),
            Type::Absent if bytes.is_empty() => Ok(Self(bytes)),
            Type::Absent | Type::Other => Err(Problem::plain(Code::UnsupportedMediaType)),
        }
    }
}

impl JsonBody {
    /// Reads a body that must be there. The reader notes what is wrong; the caller decides when to answer.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Node<'_>, &mut Invalid) -> T) -> Result<(T, Invalid), Problem> {
        let mut notes = Invalid::none();
        let node =
            parse(&self.0, &mut notes).map_err(|malformed| Problem::new(Code::MalformedJson, malformed.detail))?;
        let value = read(&node, &mut notes);
        Ok((value, notes))
    }

    /// Reads a body and answers with everything that is wrong with it.
    pub(crate) fn read_valid<T>(&self, read: impl FnOnce(&Node<'_>, &mut Invalid) -> T) -> Result<T, Problem> {
        let (value, notes) = self.read(read)?;
        notes.finish().map_err(|invalid| Problem::fields(Code::ValidationFailed, invalid))?;
        Ok(value)
    }

    /// Like [`Self::read`] for a body that may be left out, or be `null`: it is read as one without fields.
    pub(crate) fn read_or_empty<T>(
        &self,
        read: impl FnOnce(&Node<'_>, &mut Invalid) -> T,
    ) -> Result<(T, Invalid), Problem> {
        if matches!(self.0.trim_ascii(), b"" | b"null") {
            let mut notes = Invalid::none();
            return Ok((read(&Node::Object(Vec::new()), &mut notes), notes));
        }
        self.read(read)
    }

    /// Like [`Self::read_valid`] for a body that may be left out, or be `null`.
    pub(crate) fn read_optional<T: Default>(
        &self,
        read: impl FnOnce(&Node<'_>, &mut Invalid) -> T,
    ) -> Result<T, Problem> {
        if matches!(self.0.trim_ascii(), b"" | b"null") { Ok(T::default()) } else { self.read_valid(read) }
    }
}

enum Type {
    Json,
    Absent,
    Other,
}

fn judge_type(headers: &HeaderMap) -> Type {
    let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if encoded {
        return Type::Other;
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Type::Absent };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let json = essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json");
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some(("charset", charset)) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        _ => true,
    });
    if json && utf8 { Type::Json } else { Type::Other }
}
