//! One suite for all providers: hand it an adapter and its cassettes, and it shows that the adapter keeps the promises
//! that the engine relies on. Every failure is collected, so that one run shows the whole list.

mod calls;
mod case;
mod coverage;
mod notices;
mod steps;
mod totals;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lendport_core::{
    AccountSettings, Attempt, CallContext, CallLog, CascadeHints, Checkout, FinancingProvider, Secret,
};
use lendport_outbound::{Cassette, Outbound};

pub use case::{Case, Expect, LinesCase};

use crate::clock::{START, SeededIds};
use crate::samples;

/// What the suite runs on.
pub struct Suite<'a> {
    /// Builds the adapter around a client that answers from a cassette.
    pub provider: &'a dyn Fn(Outbound) -> Arc<dyn FinancingProvider>,
    /// Account values that the cassettes were written with; cases may add to them.
    pub account: &'a [(&'a str, &'a str)],
    /// Folder of the adapter's cassettes.
    pub cassettes: &'a Path,
    /// What each cassette shows. One of every kind of [`Expect`] that the provider can have is demanded.
    pub cases: Vec<Case>,
}

/// Everything that did not hold.
pub struct SuiteFailure(Vec<String>);

impl fmt::Display for SuiteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} expectations of the provider suite do not hold:", self.0.len())?;
        self.0.iter().try_for_each(|failure| write!(f, "\n- {failure}"))
    }
}

impl fmt::Debug for SuiteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SuiteFailure {}

/// Runs every case, then what holds for every adapter without one.
pub async fn run(suite: &Suite<'_>) -> Result<(), SuiteFailure> {
    let mut failures = Vec::new();
    for case in &suite.cases {
        if let Err(why) = run_case(suite, case).await {
            failures.push(format!("{}: {why}", case.cassette));
        }
    }
    failures.extend(coverage::undeclared(suite).await);
    failures.extend(coverage::declared(suite));
    failures.extend(coverage::files(suite));
    failures.extend(totals::missing(suite).await);
    if failures.is_empty() { Ok(()) } else { Err(SuiteFailure(failures)) }
}

async fn run_case(suite: &Suite<'_>, case: &Case) -> Result<(), String> {
    let cassette = Cassette::load(suite.path(case)).map_err(|error| error.to_string())?;
    let stage = Stage::set(suite, case, Outbound::playback(cassette.clone()));
    match &case.expect {
        Expect::Notices(claims) => notices::run(&stage, case, claims, &cassette)?,
        _ => calls::run(&stage, case).await?,
    }
    cassette.finish().map_err(|error| error.to_string())
}

impl Suite<'_> {
    fn path(&self, case: &Case) -> PathBuf {
        self.cassettes.join(format!("{}.json", case.cassette))
    }
}

/// An adapter with a checkout and an attempt to act on.
struct Stage {
    provider: Arc<dyn FinancingProvider>,
    checkout: Checkout,
    attempt: Attempt,
    account: AccountSettings,
    callback_url: Secret<String>,
    calls: CallLog,
    hints: CascadeHints,
}

impl Stage {
    fn set(suite: &Suite<'_>, case: &Case, outbound: Outbound) -> Self {
        let provider = (suite.provider)(outbound);
        let ids = SeededIds::default();
        let checkout = (case.sample)().checkout(&ids);
        let name = provider.descriptor().id;
        let attempt = samples::attempt(&checkout, name, &ids);
        let attempt = match case.reference {
            Some(reference) => samples::created(attempt, reference),
            None => attempt,
        };
        let mut values: BTreeMap<&str, &str> = suite.account.iter().copied().collect();
        values.extend(case.account.iter().copied());
        Self {
            account: samples::account(&values.into_iter().collect::<Vec<_>>()),
            callback_url: Secret::new(format!("https://gateway.example/callbacks/{name}/callback-token")),
            calls: CallLog::new(),
            hints: case.hints,
            provider,
            checkout,
            attempt,
        }
    }

    fn context(&self) -> CallContext<'_> {
        CallContext { account: &self.account, mode: self.checkout.mode, now: START, calls: &self.calls }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use lendport_core::provider::Retrieved;
    use lendport_core::{
        Ability, Attempt, Capability, CaptureMode, CreateRequest, Created, Descriptor, Frames, Notice, NoticeContext,
        NoticeRefusal, ProviderError, Push, Support,
    };

    use super::*;

    /// Claims what it has not, and has what it does not claim.
    struct Liar;

    static LIAR: Descriptor = Descriptor {
        id: "liar",
        name: "Liar",
        product: "loan",
        summary: "",
        documents: "",
        markets: &[],
        dialects: &[],
        required_fields: &[],
        account_fields: &[],
        capabilities: &[Capability { ability: Ability::CaptureFull, support: Support::Native, note: "" }],
        capture: CaptureMode::Manual,
        frames: Frames::OwnHost,
        repeated_create_is_harmless: false,
        resend: None,
        reconcile: &[],
        pauses: &[],
        sweep: None,
    };

    #[async_trait]
    impl FinancingProvider for Liar {
        fn descriptor(&self) -> &'static Descriptor {
            &LIAR
        }

        async fn create(&self, _: CallContext<'_>, _: CreateRequest<'_>) -> Result<Created, ProviderError> {
            Err(self.unsupported(Ability::Create))
        }

        fn read_notification(&self, _: NoticeContext<'_>, _: &Push<'_>) -> Result<Notice, NoticeRefusal> {
            Err(NoticeRefusal::Unreadable("never"))
        }

        async fn cancel(&self, _: CallContext<'_>, _: &Attempt, _: Option<&str>) -> Result<Retrieved, ProviderError> {
            Ok(Retrieved::of(lendport_core::Claim::Nothing))
        }
    }

    #[tokio::test]
    async fn a_liar_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("stray.json"), "{}").unwrap();
        let suite = Suite {
            provider: &|_| Arc::new(Liar),
            account: &[],
            cassettes: folder.path(),
            cases: vec![Case::new("absent", Expect::Created)],
        };
        let told = run(&suite).await.unwrap_err().to_string();
        for part in [
            "- absent: ",
            "- cancel_full: not declared, yet not refused",
            "- capture_full: declared native, and no cassette shows it",
            "- capture_full: the descriptor gives no reason",
            "- refund_full: the descriptor says nothing of it",
            "- no case shows: refused for its credentials",
            "- no case shows: asked to slow down",
            "stray.json",
        ] {
            assert!(told.contains(part), "{part} is not in:\n{told}");
        }
    }
}
