//! A provider that tells the total of its refunds when it is read back tells it with every refund as well: else the two
//! would be counted side by side.

use lendport_core::{Claim, Details, Money, NoticeContext};
use lendport_outbound::{Cassette, Outbound};

use super::{Case, Expect, Stage, Suite, notices};

/// The cases that tell a refund without the total, where a look tells it.
pub(super) async fn missing(suite: &Suite<'_>) -> Vec<String> {
    let (mut read_back, mut without) = (false, Vec::new());
    for case in &suite.cases {
        // What does not load has failed already.
        let Ok(cassette) = Cassette::load(suite.path(case)) else { continue };
        let stage = Stage::set(suite, case, Outbound::playback(cassette.clone()));
        read_back |= looked_at(&stage, case).await.is_some_and(|details| details.refunded.is_some());
        if refunds(&stage, case, &cassette).await.iter().any(|details| details.refunded.is_none()) {
            without.push(format!("{}: a refund without its total, which a look tells", case.cassette));
        }
    }
    if read_back { without } else { Vec::new() }
}

async fn looked_at(stage: &Stage, case: &Case) -> Option<Details> {
    let (ctx, attempt) = (stage.context(), &stage.attempt);
    match &case.expect {
        Expect::Retrieved(_) | Expect::RetrievedWith(..) => {
            stage.provider.retrieve(ctx, attempt).await.ok().map(|told| told.details)
        }
        Expect::Found(_) => stage.provider.find(ctx, attempt).await.ok().flatten().map(|found| found.retrieved.details),
        _ => None,
    }
}

/// What is told with each refund of a case.
async fn refunds(stage: &Stage, case: &Case, cassette: &Cassette) -> Vec<Details> {
    match &case.expect {
        Expect::Refunded(amount, _) => {
            let asked = amount.and_then(|text| Money::parse(text, stage.attempt.amount.currency()).ok());
            let asked = asked.unwrap_or(stage.attempt.amount);
            let told = stage.provider.refund(stage.context(), &stage.attempt, asked, None).await;
            told.into_iter().map(|told| told.details).collect()
        }
        Expect::Notices(_) => {
            let ctx = NoticeContext { account: &stage.account, attempt: &stage.attempt };
            let read = |push| stage.provider.read_notification(ctx, &notices::incoming_of(push)).ok();
            let notices = cassette.pushes().iter().filter_map(read);
            let refunds = notices.filter(|notice| matches!(notice.claim, Claim::Refund { .. }));
            refunds.map(|notice| notice.details).collect()
        }
        _ => Vec::new(),
    }
}
