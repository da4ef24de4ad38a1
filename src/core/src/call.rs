//! The record of each HTTP call made for an operation, kept with it. Allow-listed and redacted before it gets here.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// One call to a provider, as far as it may be remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// HTTP method.
    pub method: String,
    /// Host and path; the query is left out.
    pub target: String,
    /// HTTP status, when an answer's head arrived.
    pub status: Option<u16>,
    /// Milliseconds from the first byte sent to the end.
    pub duration_ms: u64,
    /// How it ended when not with an answer: `connect`, `timeout`, `reset`, `too_large`; `interrupted` when the process
    /// that made it ended first, so that nothing else is known of it.
    pub failure: Option<String>,
    /// Fields of the answer that the adapter allows to be kept, such as an error word or a correlation mark.
    pub fields: Vec<(String, String)>,
}

impl CallRecord {
    const INTERRUPTED: &str = "interrupted";

    /// A send that may have reached the provider, and whose sender died before it could record anything.
    pub fn interrupted() -> Self {
        Self {
            method: String::new(),
            target: String::new(),
            status: None,
            duration_ms: 0,
            failure: Some(Self::INTERRUPTED.to_owned()),
            fields: Vec::new(),
        }
    }

    /// What is written down before the first call, so that it outlives whatever becomes of the calls. It has no method.
    pub fn beforehand(fields: &[(&str, String)]) -> Self {
        Self {
            method: String::new(),
            target: String::new(),
            status: None,
            duration_ms: 0,
            failure: None,
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    /// True for what [`CallRecord::interrupted`] makes.
    pub fn is_interrupted(&self) -> bool {
        self.failure.as_deref() == Some(Self::INTERRUPTED)
    }
}

/// Collects the records of one operation; clones share the same list.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Vec<CallRecord>>>);

impl CallLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on after what is recorded already.
    pub fn after(records: Vec<CallRecord>) -> Self {
        Self(Arc::new(Mutex::new(records)))
    }

    /// Adds one call.
    pub fn push(&self, record: CallRecord) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    /// Adds an allow-listed field to the latest call.
    pub fn note(&self, name: &str, value: &str) {
        if let Some(last) = self.0.lock().unwrap_or_else(PoisonError::into_inner).last_mut() {
            last.fields.push((name.to_owned(), value.chars().take(300).collect()));
        }
    }

    /// Everything recorded so far.
    pub fn records(&self) -> Vec<CallRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
