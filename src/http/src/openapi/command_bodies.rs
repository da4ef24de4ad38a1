//! The bodies of what is asked of a checkout that is there, as the OpenAPI document shows them.

use utoipa::ToSchema;

use super::amount::Amount;
use super::bodies::documented;

documented! {
    /// The next try.
    struct StartAttempt {
        /// The financer; the next one of the checkout's route when absent.
        #[schema(pattern = "^[a-z0-9_]{1,40}$")]
        provider: Option<String>,
    }

    /// What to cancel or capture. An empty body means everything.
    struct CommandInput {
        /// Lines and units; all when absent.
        #[schema(min_items = 1, max_items = 500)]
        lines: Option<Vec<LineInput>>,
        /// Your reason.
        #[schema(max_length = 1000)]
        reason: Option<String>,
    }

    /// What to give back. An empty body means all that is left.
    struct RefundInput {
        /// How much. Not together with `lines`.
        #[schema(value_type = Option<Amount>)]
        amount: Option<Amount>,
        /// Lines and units.
        #[schema(min_items = 1, max_items = 500)]
        lines: Option<Vec<LineInput>>,
        /// Your reason.
        #[schema(max_length = 1000)]
        reason: Option<String>,
    }

    /// How to settle an item.
    struct ResolveAttention {
        /// One of the item's `choices`.
        #[schema(example = "accept_amount")]
        choice: String,
        /// Why; kept for ever.
        #[schema(min_length = 1, max_length = 1000)]
        reason: String,
        /// The amount the choice needs, as you read it at the financer.
        #[schema(value_type = Option<Amount>)]
        amount: Option<Amount>,
        /// The units that a cancel or return of lines took effect for, with `took_effect`; all of them when absent.
        #[schema(min_items = 1, max_items = 500)]
        lines: Option<Vec<LineInput>>,
    }

    /// Units of one line.
    struct LineInput {
        /// The line's id, from `items` of the checkout.
        #[schema(pattern = "^lin_[0-9a-f]{32}$", example = "lin_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
        line_id: String,
        /// Units.
        #[schema(minimum = 1, maximum = 100_000)]
        quantity: u32,
    }

    /// What happened to the goods.
    #[schema(example = super::examples::shipment_request)]
    struct ShipmentInput {
        /// What happened.
        #[schema(value_type = ShipmentStatusInput)]
        status: ShipmentStatusInput,
        /// Carrier name.
        #[schema(min_length = 1, max_length = 200)]
        carrier: Option<String>,
        /// Carrier's service.
        #[schema(min_length = 1, max_length = 200)]
        service: Option<String>,
        /// Tracking number.
        #[schema(min_length = 1, max_length = 200)]
        tracking_number: Option<String>,
        /// Tracking page.
        #[schema(max_length = 2048, format = "uri")]
        tracking_url: Option<String>,
        /// Day it was sent.
        #[schema(format = Date)]
        shipped_on: Option<String>,
        /// Day it is expected.
        #[schema(format = Date)]
        expected_on: Option<String>,
        /// A message to the lender.
        #[schema(max_length = 1000)]
        message: Option<String>,
        /// Lines sent; all when absent.
        #[schema(min_items = 1, max_items = 500)]
        lines: Option<Vec<LineInput>>,
    }
}

/// What happened to the goods.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a body; the readers in `body` read it")]
pub(crate) enum ShipmentStatusInput {
    Confirmed,
    PartiallyShipped,
    Shipped,
    Delivered,
    Recalled,
    OutOfStock,
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::super::bodies::tests::words;
    use super::*;
    use crate::body::{attention, command, shipment};

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (StartAttempt::schema(), command::ATTEMPT),
            (CommandInput::schema(), command::COMMAND),
            (RefundInput::schema(), command::REFUND),
            (LineInput::schema(), command::LINE),
            (ResolveAttention::schema(), attention::RESOLVE),
            (ShipmentInput::schema(), shipment::SHIPMENT),
        ] {
            assert_eq!(words(&documented, "properties"), read);
            assert_eq!(serde_json::to_value(&documented).unwrap()["additionalProperties"], false);
        }
        assert_eq!(words(ShipmentStatusInput::schema(), "enum"), shipment::STATUSES);
    }
}
