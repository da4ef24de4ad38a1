//! What a financer does about one checkout, and how that has to end.

/// The part that is given back.
const PART: &str = "100.00";
/// The total of every cart that is played.
const TOTAL: &str = "1420.00";
const NOTHING: &str = "0.00";

/// What the financer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plot {
    Approve,
    PreapproveThenApprove,
    /// The pre-approval is told after the approval that it led to.
    PreapprovalComesLate,
    PreapproveOnly,
    Reject,
    RejectThenApprove,
    ApproveThenWithdraw,
    RefundPart,
    RefundAll,
    /// WePay, as everything below: paid at once.
    Pay,
    /// Paid, and WePay never ends its review.
    PayUnreviewed,
    PayThenReviewed,
    CardDeclined,
    PayThenRefundPart,
    PayThenRefundAll,
    PayThenChargeback,
    /// FlexShopper, as everything below: the customer signs, and the page hears of it.
    Sign,
    /// The customer signs, and the browser dies before the page hears of it.
    SignUnheard,
    /// The customer signs for another sum.
    SignOther,
    /// The customer applies, and does not sign.
    ApplyOnly,
    /// Whoever it is: nothing.
    Silence,
}

/// One thing that the financer tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Its words, told one after the other without waiting until each is heard.
    pub(crate) words: &'static [&'static str],
    /// The amount of a refund.
    pub(crate) amount: Option<&'static str>,
    /// The status in which the checkout has to show before the story goes on: a notice that only says "look" is heard
    /// before anything is known.
    pub(crate) shows: Option<&'static str>,
}

/// How a checkout must look in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) status: &'static str,
    /// Whether `checkout.ready_to_fulfill` was due, once.
    pub(crate) ready: bool,
    /// Whether the order may be shipped in the end.
    pub(crate) ships: bool,
    pub(crate) refunded: &'static str,
}

impl Plot {
    /// What the financer tells; each step waits until the one before was heard.
    pub(crate) fn steps(self) -> &'static [Step] {
        const fn word(words: &'static [&'static str]) -> Step {
            Step { words, amount: None, shows: None }
        }
        const fn shown(words: &'static [&'static str], status: &'static str) -> Step {
            Step { words, amount: None, shows: Some(status) }
        }
        const APPROVED: Step = word(&["approved"]);
        const REJECTED: Step = word(&["rejected"]);
        const REFUND_PART: Step = Step { words: &["refund"], amount: Some(PART), shows: None };
        const PAID: Step = shown(&["pay"], "captured");
        match self {
            Self::Approve => &[APPROVED],
            Self::PreapproveThenApprove => const { &[word(&["preapproved", "approved"])] },
            Self::PreapprovalComesLate => const { &[word(&["approved", "preapproved"])] },
            Self::PreapproveOnly => const { &[word(&["preapproved"])] },
            Self::Reject => &[REJECTED],
            Self::RejectThenApprove => &[REJECTED, APPROVED],
            Self::ApproveThenWithdraw => &[APPROVED, REJECTED],
            Self::RefundPart => &[APPROVED, REFUND_PART],
            Self::RefundAll => const { &[APPROVED, Step { amount: Some(TOTAL), ..REFUND_PART }] },
            Self::Pay => &[PAID],
            Self::PayUnreviewed => const { &[shown(&["authorized"], "authorized")] },
            Self::PayThenReviewed => {
                const { &[shown(&["authorized"], "authorized"), shown(&["reviewed"], "captured")] }
            }
            Self::CardDeclined => const { &[shown(&["decline"], "failed")] },
            Self::PayThenRefundPart => &[PAID, REFUND_PART],
            Self::PayThenRefundAll => const { &[PAID, shown(&["refund"], "refunded")] },
            Self::PayThenChargeback => const { &[PAID, shown(&["chargeback"], "charged_back")] },
            Self::Sign => const { &[shown(&["sign"], "authorized")] },
            Self::SignUnheard => const { &[shown(&["sign_unheard"], "authorized")] },
            Self::SignOther => const { &[shown(&["sign_other"], "canceled")] },
            Self::ApplyOnly => const { &[word(&["apply"])] },
            Self::Silence => &[],
        }
    }

    /// What the model makes of it (`model.md`, sections 2 and 4).
    pub(crate) fn ending(self) -> Ending {
        let never = |status| Ending { status, ready: false, ships: false, refunded: NOTHING };
        let ships = |status| Ending { status, ready: true, ships: true, refunded: NOTHING };
        let undone = |status, refunded| Ending { status, ready: true, ships: false, refunded };
        match self {
            Self::Approve | Self::PreapproveThenApprove | Self::PreapprovalComesLate | Self::RejectThenApprove => {
                ships("authorized")
            }
            Self::Sign | Self::SignUnheard => ships("authorized"),
            Self::SignOther => never("canceled"),
            Self::PreapproveOnly => never("preapproved"),
            Self::Reject => never("declined"),
            Self::ApproveThenWithdraw => undone("canceled", NOTHING),
            Self::RefundPart => Ending { refunded: PART, ..ships("authorized") },
            Self::RefundAll | Self::PayThenRefundAll => undone("refunded", TOTAL),
            Self::Pay | Self::PayThenReviewed => ships("captured"),
            Self::PayUnreviewed => never("authorized"),
            Self::CardDeclined => never("failed"),
            Self::PayThenRefundPart => Ending { refunded: PART, ..ships("captured") },
            Self::PayThenChargeback => undone("charged_back", NOTHING),
            Self::ApplyOnly | Self::Silence => never("requires_customer_action"),
        }
    }
}
