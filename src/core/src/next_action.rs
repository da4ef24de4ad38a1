//! Where the customer of an attempt goes next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the customer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextActionKind {
    /// Open the provider's page over the shop.
    Lightbox,
    /// Go to the provider's page.
    Redirect,
    /// Embed the provider's page.
    Iframe,
    /// Load the provider's script into a page, and hand it the order ([`FinancingProvider::plugin_order`]).
    ///
    /// [`FinancingProvider::plugin_order`]: crate::FinancingProvider::plugin_order
    Plugin,
    /// Hand the customer's application on ([`Step::Apply`](crate::Step::Apply)). This and what follows has no address: the
    /// merchant's own pages carry it.
    Apply,
    /// The customer has to be identified by the provider itself.
    Verify,
    /// Show the agreement, and hand the customer's signature on ([`Step::Agree`](crate::Step::Agree)).
    SignAgreement,
    /// Hand on what the customer pays with, then the signature again ([`Step::AddPayment`](crate::Step::AddPayment)).
    Pay,
}

impl NextActionKind {
    /// True for what the merchant's own pages carry.
    pub fn is_step(self) -> bool {
        matches!(self, Self::Apply | Self::Verify | Self::SignAgreement | Self::Pay)
    }

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lightbox => "lightbox",
            Self::Redirect => "redirect",
            Self::Iframe => "iframe",
            Self::Plugin => "plugin",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::SignAgreement => "sign_agreement",
            Self::Pay => "pay",
        }
    }
}

/// Where the customer goes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// The preferred way.
    pub kind: NextActionKind,
    /// The provider's page, or its script; empty for a step that the merchant's own pages carry.
    pub url: String,
    /// Other ways that work with the same URL.
    pub also: Vec<NextActionKind>,
    /// When the URL stops working, where known.
    pub expires_at: Option<Timestamp>,
}

impl NextAction {
    /// A step that the merchant's own pages carry.
    pub fn step(kind: NextActionKind) -> Self {
        Self { kind, url: String::new(), also: Vec::new(), expires_at: None }
    }
}
