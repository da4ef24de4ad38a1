//! The calls of the `/checkout` family.

use crate::throttle::Purpose;

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `/checkout`.
    LookUp,
    /// `/checkout/find`.
    Find,
    /// `/checkout/create`.
    Create,
    /// `/checkout/cancel`.
    Cancel,
    /// `/checkout/refund`.
    Refund,
    /// `/checkout/capture`.
    Capture,
    /// `/checkout/release`, dialect B.
    Release,
    /// `/checkout/modify`.
    Modify,
}

impl Verb {
    /// Every call.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::LookUp,
        Self::Find,
        Self::Create,
        Self::Cancel,
        Self::Refund,
        Self::Capture,
        Self::Release,
        Self::Modify,
    ];

    /// What stands behind the base address.
    pub(crate) fn path(self) -> &'static [&'static str] {
        match self {
            Self::LookUp => &["v2", "checkout"],
            Self::Find => &["v2", "checkout", "find"],
            Self::Create => &["v2", "checkout", "create"],
            Self::Cancel => &["v2", "checkout", "cancel"],
            Self::Refund => &["v2", "checkout", "refund"],
            Self::Capture => &["v2", "checkout", "capture"],
            Self::Release => &["v2", "checkout", "release"],
            Self::Modify => &["v2", "checkout", "modify"],
        }
    }

    /// Whether it only reads.
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::LookUp | Self::Find => Purpose::Question,
            _ => Purpose::Command,
        }
    }
}
