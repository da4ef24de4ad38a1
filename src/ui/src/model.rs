//! What a page shows, as plain words. Whoever serves the page fills it in; texts are escaped when they are written.

use crate::locale::Locale;

/// A merchant as customers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopFace {
    /// Name of the shop.
    pub name: String,
    /// Address of its logo, `https`.
    pub logo_url: Option<String>,
    /// Its colour, `#rrggbb`.
    pub accent: Option<String>,
}

/// A line of the cart. Amounts are decimal texts in the page's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Product name.
    pub name: String,
    /// Units.
    pub quantity: u32,
    /// Quantity times price, tax inside.
    pub total: String,
}

/// A financer as customers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinancerFace {
    /// Its short name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it offers: `loan`, `payment`, `lease_to_own`; others may follow.
    pub kind: String,
}

/// How the latest financer's try ended, when another may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It said no.
    Declined,
    /// Something technical; nothing was charged.
    Failed,
    /// Its page has run out.
    Expired,
    /// The customer left it.
    Left,
}

/// How the financer's page is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In a box over the page.
    Lightbox,
    /// Inside the page.
    Iframe,
    /// By going there.
    Redirect,
    /// By loading it: its address is a script, so nothing leads there.
    Plugin,
}

impl Way {
    /// The word of the status document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lightbox => "lightbox",
            Self::Iframe => "iframe",
            Self::Redirect => "redirect",
            Self::Plugin => "plugin",
        }
    }
}

/// The customer's next step at the financer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// The financer's page, or its script; `http` or `https`.
    pub url: String,
    /// The preferred way.
    pub way: Way,
    /// Other ways that work with the same address.
    pub also: Vec<Way>,
}

/// Where the customer stands. The words of the status document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is under way: choose.
    Choose,
    /// The financer is being asked.
    Preparing,
    /// Nobody knows yet what the financer did.
    Checking,
    /// The customer acts at the financer.
    Continue,
    /// The financer decides.
    Deciding,
    /// Positive, not final.
    Preapproved,
    /// Committed.
    Approved,
    /// No, and no other way is left.
    Declined,
    /// A technical failure, and no other way is left.
    Failed,
    /// A deadline passed.
    Expired,
    /// Stopped.
    Canceled,
    /// Given back afterwards.
    Closed,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 12] = [
        Self::Choose,
        Self::Preparing,
        Self::Checking,
        Self::Continue,
        Self::Deciding,
        Self::Preapproved,
        Self::Approved,
        Self::Declined,
        Self::Failed,
        Self::Expired,
        Self::Canceled,
        Self::Closed,
    ];

    /// The word of the status document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Preparing => "preparing",
            Self::Checking => "checking",
            Self::Continue => "continue",
            Self::Deciding => "deciding",
            Self::Preapproved => "preapproved",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Closed => "closed",
        }
    }

    /// True when the page has nothing more to wait for.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Declined | Self::Failed | Self::Expired | Self::Canceled | Self::Closed)
    }
}

/// The customer's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerPage {
    /// In which language.
    pub locale: Locale,
    /// Of the `Content-Security-Policy`; for `script` and `style`.
    pub nonce: String,
    /// True when it is shown in a frame of the merchant's page.
    pub embedded: bool,
    /// True when the financer just sent the customer back and called it done. It proves nothing.
    pub came_back: bool,
    /// Where its routes are, `/c/...` without a trailing slash.
    pub base: String,
    /// For the page's script: JSON that may stand in a `script` element as it is.
    pub data_json: String,
    /// True in test mode.
    pub test_mode: bool,
    /// Whose shop it is.
    pub shop: ShopFace,
    /// The merchant's order number.
    pub reference: Option<String>,
    /// What is bought.
    pub lines: Vec<CartLine>,
    /// Shipping inside the total; none when there is none.
    pub shipping: Option<String>,
    /// Discount already taken off the total; none when there is none.
    pub discount: Option<String>,
    /// Tax inside the total; none when there is none.
    pub tax: Option<String>,
    /// What the customer owes.
    pub total: String,
    /// ISO 4217.
    pub currency: String,
    /// Where the customer stands.
    pub stage: Stage,
    /// The financer of the latest try.
    pub financer: Option<FinancerFace>,
    /// How that try ended; only where another may be chosen.
    pub previous: Option<Outcome>,
    /// What there is to do at the financer.
    pub next: Option<NextStep>,
    /// The next step is in the shop's own pages.
    pub in_shop: bool,
    /// The latest try's id, to be sent back with a choice.
    pub attempt: Option<String>,
    /// Financers that may be chosen now.
    pub choices: Vec<FinancerFace>,
    /// Where the merchant wants the customer now.
    pub return_url: Option<String>,
}

/// What a short page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The address is not one of ours.
    Unknown,
    /// The link has run out.
    Expired,
    /// Something is wrong here, and the customer should try again in a moment.
    TryAgain,
}

/// A page that says one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePage {
    /// In which language.
    pub locale: Locale,
    /// Of the `Content-Security-Policy`.
    pub nonce: String,
    /// What it says.
    pub kind: NoticeKind,
    /// Whose shop it was, where that is known.
    pub shop: Option<ShopFace>,
    /// The way back to the shop, where that is known.
    pub return_url: Option<String>,
}

/// Where a financer sends the browser back to, in a frame of our page or without script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPage {
    /// In which language.
    pub locale: Locale,
    /// Of the `Content-Security-Policy`.
    pub nonce: String,
    /// True when the financer calls it done; false when the customer gave up. It proves nothing.
    pub complete: bool,
    /// The customer's page, for the whole window.
    pub page_url: String,
}

/// The demo shop's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoPage {
    /// Of the `Content-Security-Policy`.
    pub nonce: String,
    /// The gateway's address without a trailing slash.
    pub gateway: String,
    /// Where the shop's own routes are, `/demo`.
    pub base: String,
}
