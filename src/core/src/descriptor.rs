//! What is known of a provider without asking it.

use crate::account::AccountField;
use crate::attempt::AttemptState;
use crate::capability::{Ability, Capability, Support};
use crate::capture::CaptureMode;
use crate::frames::Frames;
use crate::provider_error::ProviderError;
use crate::resend::Resend;
use crate::sweep::SweepPlan;

/// A country and the currency a provider funds in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
}

/// Everything about a provider that is data.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// Short name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it offers: `loan`, `payment`, `lease_to_own`.
    pub product: &'static str,
    /// One or two sentences.
    pub summary: &'static str,
    /// Version and date of the documents the adapter was written from.
    pub documents: &'static str,
    /// Where it funds; the first of a country is its default currency.
    pub markets: &'static [Market],
    /// Notification dialects it understands.
    pub dialects: &'static [&'static str],
    /// Fields of our request it cannot do without, as JSON Pointers.
    pub required_fields: &'static [&'static str],
    /// Fields of its accounts.
    pub account_fields: &'static [AccountField],
    /// What it can do; an ability not listed is `none`.
    pub capabilities: &'static [Capability],
    /// Who captures.
    pub capture: CaptureMode,
    /// How far its page leads when it is shown in a frame.
    pub frames: Frames,
    /// True when a create that is sent twice does no harm because nobody saw the first answer.
    pub repeated_create_is_harmless: bool,
    /// When a create whose sender died is sent again with its own token, or made again where it sends nothing that could
    /// commit; none where the provider knows no such token, or a request cannot be found by our reference.
    pub resend: Option<Resend>,
    /// How many seconds an attempt may stand in a state before it is read back without a notice, and again so long after
    /// each look. Only where it can be read back; a state not listed is not looked at for this.
    pub reconcile: &'static [(AttemptState, u32)],
    /// Seconds between two looks at an attempt in a state while they bring nothing new; the last pause stays. A state that
    /// is not listed has the gateway's own pauses.
    pub pauses: &'static [(AttemptState, &'static [u32])],
    /// How a list is read that shows what changed, instead of looking at each attempt often; none where there is none.
    pub sweep: Option<SweepPlan>,
}

impl Descriptor {
    /// How an operation is supported, with the reason.
    pub fn capability(&self, ability: Ability) -> Capability {
        let absent = Capability { ability, support: Support::None, note: "the provider has no such operation" };
        self.capabilities.iter().copied().find(|known| known.ability == ability).unwrap_or(absent)
    }

    /// Refuses an operation that cannot be asked for.
    pub fn require(&self, ability: Ability) -> Result<(), ProviderError> {
        let capability = self.capability(ability);
        if capability.support.can_be_asked() {
            Ok(())
        } else {
            Err(ProviderError::unsupported(ability, capability.note))
        }
    }

    /// The currency it funds in for a country, where it serves that country.
    pub fn currency_of(&self, country: &str) -> Option<&'static str> {
        self.markets.iter().find(|market| market.country == country).map(|market| market.currency)
    }
}
