//! What is to be said in an answer about limits. It is made where a request comes in, and filled where it is counted.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Peer;
use super::limit::Standing;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note(Arc<Mutex<Noted>>);

#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    /// Whom the request comes from.
    peer: Option<Peer>,
    /// It is known whose the request is.
    identified: bool,
    /// Of the limits it counts for, the one that is nearest.
    nearest: Option<Standing>,
}

impl Note {
    /// For a request that comes from there.
    pub(crate) fn of(peer: Peer) -> Self {
        Self(Arc::new(Mutex::new(Noted { peer: Some(peer), ..Noted::default() })))
    }

    pub(crate) fn peer(&self) -> Option<Peer> {
        self.noted().peer
    }

    pub(super) fn identified(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).identified = true;
    }

    pub(crate) fn is_identified(&self) -> bool {
        self.noted().identified
    }

    pub(super) fn keep(&self, standing: Standing) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.nearest.is_none_or(|known| standing.remaining < known.remaining) {
            noted.nearest = Some(standing);
        }
    }

    fn noted(&self) -> Noted {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes `RateLimit-Limit`, `-Remaining`, `-Reset` and `-Policy` (draft-ietf-httpapi-ratelimit-headers-07).
pub(crate) fn write_headers(headers: &mut HeaderMap, note: &Note) {
    let Some(standing) = note.noted().nearest else { return };
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.reset_s));
    let policy = format!("{};w={}", standing.limit, standing.window_s);
    headers.extend(HeaderValue::from_str(&policy).ok().map(|policy| (POLICY, policy)));
}
