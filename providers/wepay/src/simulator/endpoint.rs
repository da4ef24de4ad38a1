//! The calls that exist, by the words of the control API.

use serde::{Deserialize, Serialize};

/// The calls that are counted; the first nine can be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    Lookup,
    Find,
    Create,
    Cancel,
    Refund,
    Capture,
    Modify,
    Release,
    /// Our notices to the client.
    Ipn,
    #[serde(skip_deserializing)]
    Page,
    #[serde(skip_deserializing)]
    Other,
}

impl Endpoint {
    pub(super) const ALL: [Self; 11] = [
        Self::Lookup,
        Self::Find,
        Self::Create,
        Self::Cancel,
        Self::Refund,
        Self::Capture,
        Self::Modify,
        Self::Release,
        Self::Ipn,
        Self::Page,
        Self::Other,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Find => "find",
            Self::Create => "create",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Modify => "modify",
            Self::Release => "release",
            Self::Ipn => "ipn",
            Self::Page => "page",
            Self::Other => "other",
        }
    }

    pub(super) fn of_path(path: &str) -> Self {
        match path {
            "checkout" => Self::Lookup,
            "checkout/find" => Self::Find,
            "checkout/create" => Self::Create,
            "checkout/cancel" => Self::Cancel,
            "checkout/refund" => Self::Refund,
            "checkout/capture" => Self::Capture,
            "checkout/modify" => Self::Modify,
            "checkout/release" => Self::Release,
            _ => Self::Other,
        }
    }
}
