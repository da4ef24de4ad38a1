//! FlexShopper through our API alone: a merchant, the gateway, and FlexShopper's simulator, in whose plugin a customer applies
//! and signs.

mod by_itself;
mod fulfilment;
mod journey;
mod killed;
mod late;
mod late_loan;
mod life;
mod own_button;
mod steps;
mod steps_killed;
mod steps_privacy;
mod steps_recovered;
mod unclear;
mod window;

use lendport_core::{CheckoutId, Mode};
use lendport_storage::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Loan, Merchant, TestGateway, carts, fresh, until};

/// The total of [`cart`].
const TOTAL: &str = "530.00";
/// The address of its customer.
const CUSTOMER: &str = "john@example.com";

/// Two products in the US.
fn cart() -> Value {
    let mut cart = carts::usa();
    cart["provider"] = json!("flexshopper");
    cart["items"] = json!([
        { "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "400.00" },
        { "sku": "CABLE", "name": "Cable", "quantity": 2, "unit_price": "50.00" }
    ]);
    cart["shipping_amount"] = json!("30.00");
    cart
}

/// A merchant, the gateway and FlexShopper.
struct Desk {
    gateway: TestGateway,
    /// Where FlexShopper is.
    address: String,
}

impl Desk {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With settings of the gateway by their dotted keys.
    async fn open_with(settings: &[(&'static str, &str)]) -> Self {
        let gateway = TestGateway::start_with(settings).await;
        let simulator = gateway.dev.simulators.iter().find(|simulator| simulator.provider == "flexshopper");
        let address = simulator.unwrap().url.clone();
        Self { gateway, address }
    }

    fn merchant(&self) -> &Merchant {
        &self.gateway.merchant
    }

    async fn checkout(&self) -> Answer {
        self.merchant().open(&cart()).await.ok(201).clone()
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.merchant().http.request(method, format!("{}/_sim/{path}", self.address)).json(body);
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// What the page hands to the plugin.
    async fn order(&self, made: &Answer) -> Value {
        let tenant = Tenant { merchant: self.gateway.dev.merchant, mode: Mode::Test };
        let id: CheckoutId = made.id().parse().unwrap();
        let plugin = self.gateway.dev.gateway.engine.plugin(tenant, id).await.unwrap().unwrap();
        assert_eq!(plugin.script_url, made.str("/next_action/url"));
        serde_json::from_str(&plugin.order).unwrap()
    }

    /// The customer applies and signs in the plugin's window, and the page hears of it.
    async fn signs(&self, made: &Answer, order: &Value) {
        let shown = self.control(Method::POST, "plugin", &json!({ "order": order, "email": CUSTOMER })).await;
        assert_eq!(shown["stage"], "signed", "{shown}");
        let hint = format!("{}/came_back", made.str("/checkout_url"));
        let told = self.merchant().http.post(hint).json(&json!({ "outcome": "complete" })).send().await.unwrap();
        assert!(told.status().is_success(), "{}", told.text().await.unwrap());
    }

    /// The order as FlexShopper has it.
    async fn there(&self, made: &Answer) -> Value {
        let reference = self.merchant().read(&made.id()).await.str("/attempt/provider_reference").to_owned();
        self.control(Method::GET, &format!("requests/{reference}"), &Value::Null).await
    }

    /// How often FlexShopper was called so.
    async fn calls(&self, endpoint: &str) -> u64 {
        self.control(Method::GET, "calls", &Value::Null).await[endpoint].as_u64().unwrap_or(0)
    }
}
