//! What a merchant can ask about events and their way out.

use serde_json::{Value, json};

use super::{Answer, Merchant, fresh, until};

fn rows(page: &Answer) -> Vec<Value> {
    page.body["data"].as_array().unwrap().clone()
}

impl Merchant {
    /// Every row of a list, page by page, newest first. `path` has its `?` already.
    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}&limit=100{cursor}")).await;
            all.extend(rows(page.ok(200)));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&after={next}"),
                None => return all,
            }
        }
    }

    /// Every delivery to an endpoint, newest first.
    pub(crate) async fn deliveries(&self, endpoint: &str) -> Vec<Value> {
        self.all(&format!("/v1/deliveries?endpoint={endpoint}")).await
    }

    /// The documents of a checkout's events, oldest first.
    pub(crate) async fn event_documents(&self, checkout: &str) -> Vec<Value> {
        let mut all = self.all(&format!("/v1/events?checkout={checkout}")).await;
        all.reverse();
        all
    }

    /// The one delivery of an event to an endpoint.
    pub(crate) async fn delivery(&self, endpoint: &str, event: &str) -> Value {
        let page = self.get(&format!("/v1/deliveries?endpoint={endpoint}&event={event}")).await;
        let [delivery] = rows(page.ok(200)).try_into().unwrap();
        delivery
    }

    /// Waits until a delivery of an event has been tried so often and the result is written.
    pub(crate) async fn until_tried(&self, endpoint: &str, event: &str, tries: usize) -> Value {
        let tried = async || {
            let delivery = self.delivery(endpoint, event).await;
            (delivery["attempts"].as_array().unwrap().len() >= tries).then_some(delivery)
        };
        until(&format!("try {tries}"), tried).await
    }

    /// Waits until nothing is on its way to an endpoint any more.
    pub(crate) async fn until_nothing_pending(&self, endpoint: &str) {
        let path = format!("/v1/deliveries?state=pending&endpoint={endpoint}");
        until("the last delivery", async || rows(&self.get(&path).await).is_empty().then_some(())).await;
    }

    /// Has a made-up event sent to an endpoint; its id.
    pub(crate) async fn test_event(&self, endpoint: &str, kind: &str) -> String {
        let path = format!("/v1/webhook_endpoints/{endpoint}/test");
        self.post(&path, &fresh(), &json!({ "type": kind })).await.ok(202).id()
    }

    /// The open items about a checkout.
    pub(crate) async fn open_items(&self, checkout: &str) -> Vec<Value> {
        self.all(&format!("/v1/attention?state=open&checkout={checkout}")).await
    }
}
