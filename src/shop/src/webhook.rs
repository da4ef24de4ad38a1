//! What the gateway tells the shop. Only what is signed with the shop's secret counts, and only the latest of it.

use http::HeaderMap;
use jiff::SignedDuration;
use lendport_delivery::signature::{Headers, verify};
use serde_json::Value;

use crate::Shop;
use crate::orders::Card;

/// How old a webhook may be; an older one was kept by somebody and is played again.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Statuses after which no money comes for this order unless the gateway says otherwise.
const OVER: [&str; 4] = ["declined", "canceled", "expired", "failed"];

impl Shop {
    /// Takes a webhook in. False when it is not signed by the gateway: then nothing is believed, and it is not shown.
    pub(crate) async fn hear(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let told = Headers {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp"),
            signature: text("webhook-signature"),
        };
        let endpoint = self.endpoint.lock().await;
        let Some(endpoint) = endpoint.as_ref() else { return false };
        if verify(&told, body, &endpoint.secret, self.settings.clock.now(), TOLERANCE).is_err() {
            return false;
        }
        if let Ok(event) = serde_json::from_slice::<Value>(body) {
            self.believe(&event);
        }
        true
    }

    fn believe(&self, event: &Value) {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (order, kind) = (text("/data/checkout/reference"), text("/type"));
        let status = text("/data/checkout/status");
        let sequence = event.get("sequence").and_then(Value::as_u64).unwrap_or(0);
        // Webhooks may come again, and an older one after a newer one. Kept before it is shown: whoever sees the card asks
        // what the shop knows.
        let news = self.orders.change(&order, |known| {
            let newer = sequence > known.sequence;
            if newer {
                known.sequence = sequence;
                known.status.clone_from(&status);
            }
            let ships = kind == "checkout.ready_to_fulfill" && !known.shipped;
            known.shipped |= ships;
            (newer, ships)
        });
        let card = Card::new("gateway", "webhook", kind.clone(), event.clone());
        self.tell(&order, Card { verified: Some(true), event: Some(kind), ..card });
        let decision = match news {
            Some((_, true)) => "Paid. The goods go out.",
            Some((true, false)) if OVER.contains(&status.as_str()) => "Not paid. Nothing is sent.",
            _ => return,
        };
        self.tell(&order, Card::new("shop", "decision", decision, Value::Null));
    }
}
