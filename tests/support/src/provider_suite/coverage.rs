//! What holds for every adapter: descriptor, methods and cassettes agree.

use std::collections::BTreeSet;

use lendport_core::{
    Ability, AttemptState, Claim, CommitClass, ErrorKind, Money, OperationKind, Product, ProviderError, ShipmentStatus,
    Support,
};
use lendport_outbound::{Cassette, Outbound};

use super::{Case, Expect, Stage, Suite, calls};

/// Abilities that have a method of their own.
const WITH_METHOD: [Ability; 12] = [
    Ability::Application,
    Ability::Finalize,
    Ability::Retrieve,
    Ability::Find,
    Ability::CaptureFull,
    Ability::CancelFull,
    Ability::RefundFull,
    Ability::RefundPartial,
    Ability::CancelPartial,
    Ability::ReturnLines,
    Ability::ConfirmShipment,
    Ability::AmendCallback,
];

/// A cassette that answers nothing: any call is a failure.
const NO_CALLS: &[u8] = br#"{ "scenario": "no_calls", "provider": "any",
    "origin": { "kind": "handwritten", "why": "nothing may be called" }, "pushes": [{ "text": "" }] }"#;

/// Everything that cannot be asked for must be refused as `unsupported`, before any call.
pub(super) async fn undeclared(suite: &Suite<'_>) -> Vec<String> {
    let nothing = match Cassette::parse("no_calls", NO_CALLS) {
        Ok(cassette) => cassette,
        Err(error) => return vec![error.to_string()],
    };
    let case = Case::new("no_calls", Expect::Created).on("any-reference");
    let stage = Stage::set(suite, &case, Outbound::playback(nothing));
    let descriptor = stage.provider.descriptor();
    let mut failures = Vec::new();
    for ability in WITH_METHOD {
        if descriptor.capability(ability).support.can_be_asked() {
            continue;
        }
        let fits = match ask(&stage, ability).await {
            Err(error) => matches!(error.kind, ErrorKind::Unsupported { .. }) && error.commit == CommitClass::NotSent,
            Ok(()) => false,
        };
        if !fits || !stage.calls.records().is_empty() {
            failures.push(format!("{}: not declared, yet not refused as unsupported at once", ability.as_str()));
        }
        if descriptor.require(ability).is_ok() {
            failures.push(format!("{}: not declared, yet the descriptor lets it pass", ability.as_str()));
        }
    }
    failures
}

async fn ask(stage: &Stage, ability: Ability) -> Result<(), ProviderError> {
    let (ctx, attempt, provider) = (stage.context(), &stage.attempt, &stage.provider);
    let some = Money::from_minor(1, attempt.amount.currency()).unwrap_or(attempt.amount);
    match ability {
        Ability::Retrieve => provider.retrieve(ctx, attempt).await.map(drop),
        Ability::Find => provider.find(ctx, attempt).await.map(drop),
        Ability::Application => super::steps::take(stage, OperationKind::Apply).await.map(drop),
        Ability::Finalize => provider.finalize(ctx, &stage.checkout, attempt, false).await.map(drop),
        Ability::CaptureFull => provider.capture(ctx, attempt).await.map(drop),
        Ability::CancelFull => provider.cancel(ctx, attempt, None).await.map(drop),
        Ability::RefundFull => provider.refund(ctx, attempt, attempt.amount, None).await.map(drop),
        Ability::RefundPartial => provider.refund(ctx, attempt, some, None).await.map(drop),
        Ability::CancelPartial => provider.cancel_lines(ctx, &stage.checkout, attempt, &[], None).await.map(drop),
        Ability::ReturnLines => provider.return_lines(ctx, &stage.checkout, attempt, &[], None).await.map(drop),
        Ability::AmendCallback => provider.amend_callback(ctx, attempt, &stage.callback_url).await.map(drop),
        _ => {
            let shipment = calls::shipment(ShipmentStatus::Shipped);
            provider.confirm_shipment(ctx, &stage.checkout, attempt, &shipment).await.map(drop)
        }
    }
}

/// Every native ability has a case, every ability has a reason, and no kind of case is left out.
pub(super) fn declared(suite: &Suite<'_>) -> Vec<String> {
    let mut failures = Vec::new();
    let provider = match Cassette::parse("no_calls", NO_CALLS) {
        Ok(cassette) => (suite.provider)(Outbound::playback(cassette)),
        Err(error) => return vec![error.to_string()],
    };
    let descriptor = provider.descriptor();
    if Product::parse(descriptor.product).is_none() {
        failures.push(format!("product: `{}` is no kind of financing that routing knows", descriptor.product));
    }
    let shown: BTreeSet<&str> = suite.cases.iter().filter_map(Case::shows).map(Ability::as_str).collect();
    for ability in Ability::ALL {
        let Some(known) = descriptor.capabilities.iter().find(|known| known.ability == ability) else {
            failures.push(format!("{}: the descriptor says nothing of it", ability.as_str()));
            continue;
        };
        if known.note.trim().is_empty() {
            failures.push(format!("{}: the descriptor gives no reason", ability.as_str()));
        }
        let by_itself = matches!(ability, Ability::NativeIdempotency | Ability::SandboxTrigger);
        if known.support == Support::Native && !by_itself && !shown.contains(ability.as_str()) {
            failures.push(format!("{}: declared native, and no cassette shows it", ability.as_str()));
        }
    }
    let native = |ability| descriptor.capability(ability).support == Support::Native;
    // What the gateway makes by itself sends nothing that could commit or be decided.
    let sends = descriptor.capability(Ability::Create).support == Support::Native;
    if descriptor.resend.is_some() && !((native(Ability::NativeIdempotency) || !sends) && native(Ability::Find)) {
        failures.push("resend: declared without a token of the provider's own, or without a search".to_owned());
    }
    let lists = has(suite, |e| matches!(e, Expect::Swept { ours, .. } if *ours > 0));
    if descriptor.sweep.is_some() != lists {
        failures.push("sweep: the descriptor and the cassettes do not agree on whether there is a list".to_owned());
    }
    let pushes = descriptor.capability(Ability::Notifications).support.can_be_asked();
    let reads = descriptor.capability(Ability::Retrieve).support.can_be_asked();
    for (what, needed, found) in [
        ("refused for its content", true, has(suite, |e| matches!(e, Expect::RefusedContent))),
        ("refused for its credentials", true, has(suite, |e| matches!(e, Expect::WrongKey))),
        ("no answer in time", sends, has(suite, |e| matches!(e, Expect::TimeLimit))),
        ("asked to slow down", true, has(suite, |e| matches!(e, Expect::SlowDown))),
        ("a decision against the customer", sends && (pushes || reads), has(suite, |e| says(e, is_declined))),
        ("a state we do not know", pushes || reads, has(suite, |e| says(e, |c| *c == Claim::UnknownStatus))),
    ] {
        if needed && !found {
            failures.push(format!("no case shows: {what}"));
        }
    }
    failures
}

fn has(suite: &Suite<'_>, wanted: fn(&Expect) -> bool) -> bool {
    suite.cases.iter().any(|case| wanted(&case.expect))
}

fn says(expect: &Expect, wanted: fn(&Claim) -> bool) -> bool {
    match expect {
        Expect::Notices(claims) => claims.iter().any(|(_, claim)| wanted(claim)),
        Expect::Retrieved(claim) | Expect::RetrievedWith(claim, _) => wanted(claim),
        _ => false,
    }
}

/// A lender declines, a payment fails.
fn is_declined(claim: &Claim) -> bool {
    matches!(claim, Claim::State { state: AttemptState::Declined | AttemptState::Failed, .. })
}

/// Every file in the folder is a cassette of this provider that is named like its scenario.
pub(super) fn files(suite: &Suite<'_>) -> Vec<String> {
    let mut failures = Vec::new();
    let entries = match std::fs::read_dir(suite.cassettes) {
        Ok(entries) => entries,
        Err(error) => return vec![format!("{}: {error}", suite.cassettes.display())],
    };
    let id =
        Cassette::parse("no_calls", NO_CALLS).map(|none| (suite.provider)(Outbound::playback(none)).descriptor().id);
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        match Cassette::load(&path) {
            Err(error) => failures.push(error.to_string()),
            Ok(cassette) if cassette.scenario() != stem => {
                failures.push(format!("{stem}: its scenario is called {}", cassette.scenario()));
            }
            Ok(cassette) if id.as_ref().is_ok_and(|id| cassette.provider() != *id) => {
                failures.push(format!("{stem}: belongs to {}", cassette.provider()));
            }
            Ok(_) => {}
        }
    }
    failures
}
