//! What a customer's browser sees of a checkout: the page and its routes, over real HTTP and against the simulators. What
//! needs a real browser is in `tests/browser`.

mod cascade;
mod choosing;
mod demo_shop;
mod listening;
mod plugin;
mod returning;
mod sites;
mod unchosen;
mod unwinding;

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{Answer, Merchant, PATIENCE, TestGateway, carts, until};

/// A customer's browser: it knows the address of the page, and no key.
#[derive(Clone)]
struct Browser {
    http: reqwest::Client,
    gateway: String,
    /// `/c/{client_token}`.
    base: String,
}

impl Browser {
    /// Opens the page of a checkout.
    fn of(made: &Answer) -> Self {
        Self::at(made.str("/checkout_url"))
    }

    fn at(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let (gateway, token) = url.split_once("/c/").unwrap();
        let (gateway, base) = (gateway.to_owned(), format!("/c/{token}"));
        Self { http: http.timeout(Duration::from_secs(60)).build().unwrap(), gateway, base }
    }

    /// The same page at another replica, or after a restart elsewhere.
    fn with_gateway(&self, url: &str) -> Self {
        Self { gateway: url.to_owned(), ..self.clone() }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&'static str, &str)], body: Option<&Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.gateway));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request.send().await.unwrap()).await
    }

    async fn page(&self) -> Answer {
        self.ask(Method::GET, &self.base, &[], None).await
    }

    async fn status(&self) -> Value {
        let seen = self.ask(Method::GET, &format!("{}/status", self.base), &[], None).await;
        seen.ok(200).body.clone()
    }

    async fn state(&self) -> String {
        self.status().await["state"].as_str().unwrap().to_owned()
    }

    async fn until_state(&self, state: &str) -> Value {
        let seen = async || Some(self.status().await).filter(|seen| seen["state"] == state);
        until(&format!("state {state}"), seen).await
    }

    /// Presses the button of a financer, as the page shows things now.
    async fn choose(&self, provider: &str) -> Answer {
        let seen = self.status().await["attempt"].clone();
        self.choose_after(provider, &seen).await
    }

    async fn choose_after(&self, provider: &str, seen: &Value) -> Answer {
        let body = json!({ "provider": provider, "after": seen });
        self.ask(Method::POST, &format!("{}/attempts", self.base), &[], Some(&body)).await
    }

    async fn came_back(&self, outcome: &str) -> Answer {
        let body = json!({ "outcome": outcome });
        self.ask(Method::POST, &format!("{}/came_back", self.base), &[], Some(&body)).await
    }

    /// Listens, having heard `last` before.
    async fn listen(&self, last: Option<&str>) -> Listener {
        let mut request = self.http.get(format!("{}{}/events", self.gateway, self.base)).timeout(PATIENCE);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Listener { response, heard: String::new() }
    }
}

async fn answer(response: Response) -> Answer {
    let (status, headers): (u16, HeaderMap) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, body, text }
}

/// A server-sent event.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    event: String,
    id: String,
    data: Value,
}

/// An open stream of events.
struct Listener {
    response: Response,
    heard: String,
}

impl Listener {
    /// The next event; none when the stream has ended or broken.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.heard.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = block.lines();
                    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
                };
                let told = field("event").map(|event| Told {
                    event,
                    id: field("id").unwrap_or_default(),
                    data: serde_json::from_str(&field("data").unwrap()).unwrap(),
                });
                self.heard = rest.to_owned();
                if told.is_some() {
                    return told;
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads on until this state is told.
    async fn until(&mut self, state: &str) -> Told {
        loop {
            let told = self.next().await.unwrap();
            if told.data["state"] == state {
                return told;
            }
        }
    }
}

/// The usual cart, with a choice among these financers and addresses to go back to.
fn cart_for(financers: &[&str]) -> Value {
    let mut cart = carts::usa();
    cart.as_object_mut().unwrap().remove("provider");
    cart["providers"] = json!(financers);
    cart["customer_chooses"] = json!(true);
    cart["return_urls"] = json!({ "success": "https://shop.example/ok", "failure": "https://shop.example/cart" });
    cart
}

/// Opens a checkout and its page.
async fn open(merchant: &Merchant, cart: &Value) -> (String, Browser) {
    let made = merchant.open(cart).await;
    (made.ok(201).id(), Browser::of(&made))
}

/// Presses a button on the page of a simulated financer, as the customer in front of it would; where the browser is sent.
async fn press(browser: &Browser, page: &Value, button: &str) -> String {
    let url = format!("{}/decide", page["url"].as_str().unwrap());
    let form = "application/x-www-form-urlencoded";
    let pressed = browser.http.post(url).header("content-type", form).body(format!("decision={button}"));
    let response = pressed.send().await.unwrap();
    assert!(response.status().is_redirection(), "{button}: {}", response.status());
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// The body of the create call, as WePay got it.
async fn sent_to_wepay(gateway: &TestGateway, id: &str) -> Value {
    let request = wepay_request(gateway, id).await;
    let known: Value = gateway.merchant.http.get(request).send().await.unwrap().json().await.unwrap();
    match &known["body"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        body => body.clone(),
    }
}

/// Where the simulator of WePay tells of a checkout's request.
async fn wepay_request(gateway: &TestGateway, id: &str) -> String {
    let simulator = gateway.dev.simulators.iter().find(|simulator| simulator.provider == "wepay").unwrap();
    let number = gateway.merchant.read(id).await.str("/attempt/provider_reference").to_owned();
    format!("{}/_sim/requests/{number}", simulator.url)
}

/// What WePay's payer does, by the control API of its simulator.
async fn at_wepay(gateway: &TestGateway, id: &str, decision: &Value) {
    let url = format!("{}/decide", wepay_request(gateway, id).await);
    let told = gateway.merchant.http.post(url).json(decision).send().await.unwrap();
    assert!(told.status().is_success(), "{}", told.text().await.unwrap());
}
