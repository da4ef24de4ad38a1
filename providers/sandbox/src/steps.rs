//! Applications that the merchant's own pages carry: those whose total ends in `.39`.

use async_trait::async_trait;
use lendport_core::application::Terms;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AccountSettings, Agreement, Attempt, CallContext, Checkout, Mode, NextActionKind, OperationKind, Personal,
    ProviderError, Step, Stepped, Stepwise,
};
use lendport_outbound::Request;

use crate::adapter::Sandbox;
use crate::error;
use crate::mapping;
use crate::wire::{AgreementAnswer, ApplyBody, SignBody};

/// Calls of a step, and seconds that each may take.
const LIMIT_S: u32 = 60;

#[async_trait]
impl Stepwise for Sandbox {
    fn carries(&self, _: &AccountSettings, _: Mode) -> Result<(), &'static str> {
        Ok(())
    }

    fn limit_s(&self, _: OperationKind) -> u32 {
        LIMIT_S
    }

    async fn look(&self, ctx: CallContext<'_>, _: &Checkout, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        self.state(ctx, attempt, Request::get(self.below(attempt, &[])?)).await
    }

    async fn step(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        step: Step<'_>,
    ) -> Result<Stepped, ProviderError> {
        let now = self.look(ctx, checkout, attempt).await?;
        let next = now.next_action.as_ref().map(|action| action.kind);
        match (step, next) {
            (Step::Apply(said, _), Some(NextActionKind::Apply)) => {
                let ssn = said.ssn.as_ref().map(|ssn| ssn.expose().as_str());
                let body = ApplyBody { date_of_birth: said.date_of_birth.expose(), ssn };
                let request = Request::post(self.below(attempt, &["apply"])?).json(&body);
                self.state(ctx, attempt, request).await.map(Stepped::of)
            }
            (Step::Agree, Some(NextActionKind::SignAgreement)) => {
                let request = Request::post(self.below(attempt, &["agreement"])?);
                let (answer, raw): (AgreementAnswer, _) = self.call(ctx, request).await?;
                let currency = attempt.amount.currency();
                let retrieved = mapping::retrieved_from(answer.application, currency);
                Ok(Stepped {
                    agreement: Some(agreement_of(answer.document, answer.document_sha256)),
                    ..Stepped::of(retrieved.map_err(|_| error::unreadable(&raw))?)
                })
            }
            (Step::Read, Some(NextActionKind::SignAgreement)) => {
                let request = Request::get(self.below(attempt, &["agreement"])?);
                let (answer, _): (AgreementAnswer, _) = self.call(ctx, request).await?;
                let agreement = Some(agreement_of(answer.document, answer.document_sha256));
                Ok(Stepped { agreement, ..Stepped::of(now) })
            }
            (Step::Sign(consent), Some(NextActionKind::SignAgreement)) => {
                let body = SignBody { document_sha256: &consent.document_sha256, ip: consent.ip.to_string() };
                let request = Request::post(self.below(attempt, &["sign"])?).json(&body);
                self.state(ctx, attempt, request).await.map(Stepped::of)
            }
            (Step::AddPayment(_), _) => {
                let note = "the sandbox takes no means of payment";
                Err(ProviderError::unsupported(lendport_core::Ability::Application, note))
            }
            // It stands somewhere else by now.
            _ => Ok(Stepped::of(now)),
        }
    }
}

fn agreement_of(document: String, document_sha256: String) -> Agreement {
    Agreement { document: Personal::new(document), media_type: "text/html", document_sha256, terms: Terms::default() }
}
