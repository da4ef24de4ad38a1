//! What merchants see: the same words in answers and in events (`api.md`). Holds no personal data.

mod attention;
mod checkout;
mod delivery;
mod endpoint;
mod event;
mod lines;
mod movement;
mod timeline;

pub use crate::steps::{AgreementView, OfferView, TermsView};
pub use attention::{AttentionAmountsView, AttentionView, ChoiceView, ResolutionView};
pub use checkout::{
    AmountsView, AttemptView, CheckoutView, DeadlinesView, EventView, LineView, NextActionView, RouteView, SkippedView,
};
pub use delivery::{DeliveryAttemptView, DeliveryHeadersView, DeliveryRequestView, DeliveryResponseView, DeliveryView};
pub use endpoint::{EndpointView, RecoveryView};
pub(crate) use event::event_text;
pub use lines::LineOutcomeView;
pub use movement::{RefundView, ShipmentView, ShippedLineView};
pub use timeline::{CallView, TimelineEntry, timeline_of};
