//! Everything that happened to a checkout, in one list, redacted.

use jiff::Timestamp;
use lendport_core::CallRecord;
use lendport_storage::Timeline;
use serde::Serialize;
use utoipa::ToSchema;

/// One HTTP call to a financer, as far as it is remembered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderCall)]
pub struct CallView {
    /// HTTP method; empty for what was written down before the first call, such as a customer's consent.
    pub method: String,
    /// Host and path.
    pub target: String,
    /// HTTP status, when an answer arrived.
    pub status: Option<u16>,
    /// Milliseconds it took.
    pub duration_ms: u64,
    /// How it ended when not with an answer; `interrupted` when the gateway itself ended first, and nothing else is known.
    pub failure: Option<String>,
    /// Allow-listed fields of the answer.
    pub fields: std::collections::BTreeMap<String, String>,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `observation`, `operation`, `event`, `attention` or `refused_push`.
    #[schema(example = "observation")]
    pub kind: &'static str,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// The attempt it concerns, where there is one.
    pub attempt: Option<String>,
    /// What it was: the event type, the operation, the financer's own status word, the verdict.
    pub what: String,
    /// What came of it: a move with both ends, a refused move with its reason, a phase.
    pub outcome: Option<String>,
    /// How a fact was learnt: `browser`, `token`, `signed`, `fetched`, `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<&'static str>,
    /// How often an equal message came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// The sequence of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The calls of an operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallView>,
}

impl TimelineEntry {
    fn new(at: Timestamp, kind: &'static str, what: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            id: None,
            attempt: None,
            what: what.into(),
            outcome: None,
            evidence: None,
            repeats: None,
            sequence: None,
            calls: Vec::new(),
        }
    }
}

/// Puts the parts of a timeline in order: time first, then cause before effect.
pub fn timeline_of(timeline: &Timeline) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = Vec::new();
    entries.extend(timeline.operations.iter().map(|operation| TimelineEntry {
        id: Some(operation.id.to_string()),
        attempt: Some(operation.attempt.to_string()),
        outcome: Some(match &operation.error {
            Some(error) => format!("{}: {error}", operation.phase.as_str()),
            None => operation.phase.as_str().to_owned(),
        }),
        calls: operation.calls.iter().map(call).collect(),
        ..TimelineEntry::new(operation.created_at, "operation", operation.kind.as_str())
    }));
    entries.extend(timeline.observations.iter().map(|(row, repeats)| {
        let fact = &row.observation;
        let what = fact.raw_status.clone().unwrap_or_else(|| fact.source.as_str().to_owned());
        TimelineEntry {
            id: Some(fact.id.to_string()),
            attempt: Some(fact.attempt.to_string()),
            outcome: Some(row.outcome_detail.clone().unwrap_or_else(|| row.outcome.clone())),
            evidence: Some(fact.grade.as_str()),
            repeats: Some(*repeats),
            ..TimelineEntry::new(fact.received_at, "observation", what)
        }
    }));
    entries.extend(timeline.attention.iter().map(|item| TimelineEntry {
        id: Some(item.id.to_string()),
        attempt: Some(item.attempt.to_string()),
        outcome: Some(item.detail.clone()),
        ..TimelineEntry::new(item.opened_at, "attention", item.kind.as_str())
    }));
    entries.extend(timeline.refused_pushes.iter().map(|(attempt, verdict, at)| TimelineEntry {
        attempt: Some(attempt.to_string()),
        ..TimelineEntry::new(*at, "refused_push", verdict)
    }));
    entries.extend(timeline.events.iter().map(|event| TimelineEntry {
        id: Some(event.id.to_string()),
        sequence: Some(event.sequence),
        ..TimelineEntry::new(event.created_at, "event", event.kind.as_str())
    }));
    entries.sort_by_key(|entry| (entry.at, entry.sequence));
    entries
}

fn call(record: &CallRecord) -> CallView {
    CallView {
        method: record.method.clone(),
        target: record.target.clone(),
        status: record.status,
        duration_ms: record.duration_ms,
        failure: record.failure.clone(),
        fields: record.fields.iter().cloned().collect(),
    }
}
