//! How much a merchant may have.

use serde::{Deserialize, Serialize};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Checkouts in one mode that nobody has decided on yet.
    OpenCheckouts,
    /// Checkouts made in one mode within 24 hours.
    CheckoutsPerDay,
    /// Endpoints for events in one mode.
    WebhookEndpoints,
}

impl Quota {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::OpenCheckouts, Self::CheckoutsPerDay, Self::WebhookEndpoints];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenCheckouts => "open_checkouts",
            Self::CheckoutsPerDay => "checkouts_per_day",
            Self::WebhookEndpoints => "webhook_endpoints",
        }
    }
}

/// Limits by quota. None: whatever holds elsewhere, and no limit where nothing does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// See [`Quota::OpenCheckouts`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_checkouts: Option<u32>,
    /// See [`Quota::CheckoutsPerDay`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkouts_per_day: Option<u32>,
    /// See [`Quota::WebhookEndpoints`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_endpoints: Option<u32>,
}

impl Quotas {
    /// The limit of one.
    pub fn of(&self, quota: Quota) -> Option<u32> {
        match quota {
            Quota::OpenCheckouts => self.open_checkouts,
            Quota::CheckoutsPerDay => self.checkouts_per_day,
            Quota::WebhookEndpoints => self.webhook_endpoints,
        }
    }

    /// These, and `usual` where they say nothing.
    pub fn over(self, usual: Self) -> Self {
        Self {
            open_checkouts: self.open_checkouts.or(usual.open_checkouts),
            checkouts_per_day: self.checkouts_per_day.or(usual.checkouts_per_day),
            webhook_endpoints: self.webhook_endpoints.or(usual.webhook_endpoints),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchants_own_word_counts_before_the_usual_one() {
        let usual = Quotas { open_checkouts: Some(5), checkouts_per_day: Some(6), webhook_endpoints: None };
        let own = Quotas { open_checkouts: Some(0), ..Quotas::default() };
        let both = own.over(usual);
        assert_eq!(Quota::ALL.map(|quota| both.of(quota)), [Some(0), Some(6), None]);
        let text = serde_json::to_string(&own).unwrap();
        assert_eq!(text, r#"{"open_checkouts":0}"#);
        assert_eq!(serde_json::from_str::<Quotas>(&text).unwrap(), own);
    }
}
