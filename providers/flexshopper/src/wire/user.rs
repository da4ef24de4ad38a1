//! Users and their decisions (4.1, 4.2, 4.5, 4.6, 4.12).

use serde::Deserialize;

use crate::field::{Field, Private, Word};
use crate::money::Dollars;

/// Whether a user is there (4.1).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserMatch {
    /// Whose e-mail address it is.
    #[serde(default)]
    pub user_id: Field<Word>,
    /// Whether it is anybody's.
    #[serde(default)]
    pub exists: Field<bool>,
}

/// What of a person is known already (4.2); the published sample is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeepMatch {
    /// The e-mail address.
    #[serde(default)]
    pub email_exists: Field<bool>,
    /// The phone.
    #[serde(default)]
    pub phone_exists: Field<bool>,
    /// The address.
    #[serde(default)]
    pub address_exists: Field<bool>,
}

/// A user (4.5, 4.6, 4.12).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// FlexShopper's id.
    #[serde(default)]
    pub user_id: Field<Word>,
    /// Given name.
    #[serde(default)]
    pub first_name: Field<Private>,
    /// Family name.
    #[serde(default)]
    pub last_name: Field<Private>,
    /// E-mail address.
    #[serde(default)]
    pub email: Field<Private>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Field<Word>,
    /// The user's orders.
    #[serde(default)]
    pub transactions: Field<Vec<UserTransaction>>,
    /// The outcome of an application; absent before one.
    #[serde(default)]
    pub decision: Field<Decision>,
    /// Whether the person was identified: `pending`, `failed`, `succeeded`.
    #[serde(default)]
    pub verification_status: Field<Word>,
    /// True when the user gets no new lease; only in 4.5.
    #[serde(default)]
    pub spending_hold: Field<bool>,
    /// Birthday; only in 4.5, and not looked at.
    #[serde(default)]
    pub date_of_birth: Field<Private>,
}

/// An order of a user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTransaction {
    /// FlexShopper's id.
    #[serde(default)]
    pub id: Field<Word>,
    /// A moment, or a bare date.
    #[serde(default)]
    pub created_at: Field<Word>,
    /// Its lease.
    #[serde(default)]
    pub lease: Field<super::LeaseState>,
}

/// A credit outcome. `approved` is to be deprecated and not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The application.
    #[serde(default)]
    pub application_id: Field<Word>,
    /// The prequalification.
    #[serde(default)]
    pub prequal_id: Field<Word>,
    /// `approved`, `pending`, `failed`; older: `denied`, `error`.
    #[serde(default)]
    pub status: Field<Word>,
    /// What was approved, in dollars.
    #[serde(default)]
    pub spending_limit: Field<Dollars>,
    /// What is left of it, in dollars.
    #[serde(default)]
    pub available_balance: Field<Dollars>,
    /// What is left of it for each week, in dollars.
    #[serde(default)]
    pub available_weekly_spending: Field<Dollars>,
    /// When it was decided.
    #[serde(default)]
    pub created_at: Field<Word>,
    /// Whom FlexShopper does not hand the customer on to.
    #[serde(default)]
    pub waterfall_suppression_flags: Field<WaterfallSuppression>,
}

impl Decision {
    /// True when FlexShopper says that its own waterfall ends here.
    pub fn ends_the_waterfall(&self) -> bool {
        let flags = self.waterfall_suppression_flags.value();
        flags.is_some_and(|flags| flags.suppress_waterfall_to_u_own.value() == Some(&true))
    }
}

/// Flags of FlexShopper's own waterfall (4.5: internal).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaterfallSuppression {
    /// The customer is not handed on to FlexShopper's next lender.
    #[serde(default)]
    pub suppress_waterfall_to_u_own: Field<bool>,
}
