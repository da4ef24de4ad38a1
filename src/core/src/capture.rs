//! Who takes the money, and when.

use serde::{Deserialize, Serialize};

/// Who captures, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// The gateway or the provider captures as soon as it can.
    Automatic,
    /// The merchant captures by our API.
    Manual,
    /// The provider pays the merchant by its own rules; there is no capture call.
    ProviderManaged,
}

impl CaptureMode {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::ProviderManaged => "provider_managed",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Automatic, Self::Manual, Self::ProviderManaged].into_iter().find(|mode| mode.as_str() == text)
    }
}
