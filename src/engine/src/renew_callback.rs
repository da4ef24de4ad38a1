//! A new address for what a provider pushes, where it can be told one: after a leak, or when the gateway moved.

use std::sync::Arc;

use lendport_core::{Ability, Attempt, CheckoutId, CheckoutRecord, LineStanding, OperationKind};
use lendport_storage::Tenant;

use crate::command_start::{Asked, Command};
use crate::engine::{Engine, digest, reference_to};
use crate::error::EngineError;
use crate::ticket::{Reply, Ticket};

const UNKNOWN_THERE: &str = "the financer has no request yet whose address could be changed";

impl Engine {
    /// Has the leading attempt's provider push to a new address. The new one is valid before the provider is told, and
    /// the old one is not any more; what was pushed there meanwhile is made up for by a look.
    pub async fn renew_callback(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let plan = |record: &CheckoutRecord, attempt: &Attempt, _: Option<Vec<LineStanding>>| {
            if attempt.reference.is_none() {
                return Err(EngineError::WrongState { checkout: reference_to(record), wanted: UNKNOWN_THERE });
            }
            let token = self.tools.ids.token();
            let callback_url = self.callback_url(&attempt.provider, &token);
            Ok(Command::Amend { callback_url, callback_digest: digest(token.expose()) })
        };
        self.command(
            tenant,
            id,
            Asked { kind: OperationKind::Amend, ability: Ability::AmendCallback, by_line: None, if_match, plan: &plan },
            ticket,
        )
        .await
    }
}
