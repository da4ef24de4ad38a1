//! The customer's browser says that the customer came back from the financer. It is kept and not believed: all that it
//! brings about is a look at the financer, where that one can be asked.

use std::sync::Arc;

use lendport_core::{CheckoutId, Claim, Details, Grade, Source};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::{Draft, Fact};

/// How the customer came back, as the browser tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameBack {
    /// After the last step.
    Complete,
    /// Before it.
    Abort,
}

impl CameBack {
    /// The word of the client API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Abort => "abort",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Complete, Self::Abort].into_iter().find(|known| known.as_str() == text)
    }
}

impl Engine {
    /// Keeps what the browser said, and has the financer of the open attempt looked at. Says whether it will be; one that
    /// only pushes cannot be asked, and what is decided needs no look.
    pub async fn customer_came_back(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        how: CameBack,
    ) -> Result<bool, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let open = record.leading_attempt().filter(|one| !one.state.is_over() && !one.state.is_committed());
        let Some(attempt) = open.map(|one| one.id) else { return Ok(false) };
        let dedupe_key = format!("browser:{}", how.as_str());
        let tools = self.tools.clone();
        let ask = ChangeAsk { dedupe: Some((attempt, dedupe_key.clone())), open_items: true, ..ChangeAsk::default() };
        let (_, looking) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let taken = match loaded.seen {
                    Some((earlier, _)) => {
                        draft.change.repeated = Some(earlier);
                        Ok(())
                    }
                    None => draft
                        .observe(Fact {
                            attempt,
                            grade: Grade::Browser,
                            source: Source::BrowserReturn,
                            claim: Claim::Nothing,
                            details: Details::default(),
                            raw_status: None,
                            reference: None,
                            dedupe_key: dedupe_key.clone(),
                        })
                        .map(drop),
                };
                if let Err(error) = taken {
                    return (Change::abort(), Err(error));
                }
                draft.look_now(attempt);
                let looking = draft.record.attempt(attempt).is_some_and(|known| tools.polling.can_ask(known));
                (draft.finish(), Ok(looking))
            })
            .await?;
        let looking = looking.unwrap_or(Err(EngineError::NotFound))?;
        self.wake_settling(looking);
        Ok(looking)
    }
}
