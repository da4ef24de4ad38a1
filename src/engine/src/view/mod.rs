//! What merchants see: the same words in answers and in events (`api.md`). Holds no personal data.

mod attention;
mod checkout;
mod delivery;
mod endpoint;
mod event;
mod lines;
mod movement;
mod quotas;
mod route;
mod routing;
mod simulation;
mod tenancy;
mod timeline;

pub use crate::steps::{AgreementView, OfferView, TermsView};
pub use attention::{AttentionAmountsView, AttentionView, ChoiceView, ResolutionView, UnwindView};
pub use checkout::{AmountsView, AttemptView, CheckoutView, DeadlinesView, EventView, LineView, NextActionView};
pub use delivery::{DeliveryAttemptView, DeliveryHeadersView, DeliveryRequestView, DeliveryResponseView, DeliveryView};
pub use endpoint::{EndpointView, RecoveryView};
pub(crate) use event::event_text;
pub use lines::LineOutcomeView;
pub use movement::{RefundView, ShipmentView, ShippedLineView};
pub use quotas::{QuotaView, QuotasView};
pub use route::{RouteProfileView, RouteView, SkippedView};
pub use routing::{
    EligibilityView, ExclusionView, LimitFactsView, ProviderEligibilityView, RoutingProfile, RoutingView, WarningView,
};
pub use simulation::{MoveView, RuleCountView, SimulationView, SumView, UnknownView};
pub use tenancy::{AccountView, ActorView, AuditView, KeyView, MerchantView, PageView, VerificationView};
pub use timeline::{CallView, TimelineEntry, timeline_of};
