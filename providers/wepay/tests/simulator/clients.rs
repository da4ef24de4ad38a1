//! The very requests of public clients: header by header as their sources have them.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Refused as _, Reply, Running, TOKEN, start};

/// What a client sends with every call.
struct Client {
    user_agent: &'static str,
    content_type: &'static str,
    more: &'static [(&'static str, &'static str)],
    /// Whether it writes flat parameters as a form, whatever it says in `Content-Type`.
    form: bool,
}

const CLIENTS: [Client; 6] = [
    // wepay/Python-SDK 0.3.5 and wepay/NodeJS-SDK 0.0.9
    Client {
        user_agent: "WePay Python SDK",
        content_type: "application/json",
        more: &[("accept", "*/*")],
        form: false,
    },
    Client {
        user_agent: "WePay NodeJS SDK",
        content_type: "application/json",
        more: &[("Api-Version", "2015-11-18"), ("WePay-Risk-Token", "95c1b2ae"), ("Client-IP", "100.166.99.123")],
        form: false,
    },
    // wepay/PHP-SDK 0.0.9
    Client { user_agent: "WePay v2 PHP SDK v0.0.9", content_type: "application/json", more: &[], form: false },
    // lehins/python-wepay 1.5.0, with requests and, without that library, with urllib
    Client { user_agent: "Python WePay SDK (third party)", content_type: "application/json", more: &[], form: false },
    Client { user_agent: "Python WePay SDK (third party)", content_type: "application/json", more: &[], form: true },
    // curl, as in WePay's examples
    Client {
        user_agent: "curl/7.43.0",
        content_type: "application/x-www-form-urlencoded",
        more: &[("accept", "*/*")],
        form: true,
    },
];

impl Client {
    async fn call(&self, sim: &Running, uri: &str, values: &[(&str, &str)]) -> Reply {
        let auth = format!("Bearer {TOKEN}");
        let mut headers = self.more.to_vec();
        headers.extend([("authorization", auth.as_str()), ("user-agent", self.user_agent)]);
        headers.push(("content-type", self.content_type));
        let body = if self.form {
            let pairs: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            pairs.join("&")
        } else {
            let members = values.iter().map(|(name, value)| {
                let number = value.parse::<i64>().map(Value::from);
                ((*name).to_owned(), number.unwrap_or_else(|_| Value::from(*value)))
            });
            Value::Object(members.collect()).to_string()
        };
        sim.raw("POST", &format!("/v2{uri}"), &headers, body.as_bytes()).await.unwrap()
    }
}

#[tokio::test]
async fn they_create_look_up_and_refund() {
    let sim = start().await;
    for client in &CLIENTS {
        let account = ACCOUNT.to_string();
        let asked = [
            ("account_id", account.as_str()),
            ("short_description", "rental"),
            ("type", "goods"),
            ("amount", "25"),
            ("currency", "USD"),
        ];
        let made = client.call(&sim, "/checkout/create", &asked).await;
        assert_eq!(made.status, 200, "{}: {}", client.user_agent, made.text());
        let id = made.json()["checkout_id"].as_u64().unwrap();
        let path = made.json()["hosted_checkout"]["checkout_uri"].as_str().unwrap().to_owned();
        let path = path.strip_prefix(&format!("http://{}", sim.address)).unwrap();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let pressed = sim.raw("POST", &format!("{path}/decide"), &form, b"decision=pay").await.unwrap();
        assert_eq!(pressed.status, 200);
        let id = id.to_string();
        let seen = client.call(&sim, "/checkout", &[("checkout_id", &id)]).await.json();
        assert_eq!((&seen["state"], &seen["amount"], &seen["gross"]), (&json!("captured"), &json!(25), &json!(26.02)));
        let back = client.call(&sim, "/checkout/refund", &[("checkout_id", &id), ("refund_reason", "why")]).await;
        assert_eq!(back.text(), format!("{{\"checkout_id\":{id},\"state\":\"refunded\"}}"));
        let unknown = client.call(&sim, "/foo", &[]).await;
        assert_eq!(unknown.error(), (501, 1001, "that is not a recognized WePay API call".to_owned()));
    }
    assert_eq!(sim.stored().await, CLIENTS.len());
}

#[tokio::test]
async fn nested_forms_and_calls_without_a_body() {
    let sim = start().await;
    let auth = format!("Bearer {TOKEN}");
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let headers = [("authorization", auth.as_str()), ("user-agent", "x"), ("content-type", form)];
    let body = format!(
        "account_id={ACCOUNT}&short_description=a+b&type=goods&amount=20.00&currency=USD&auto_capture=0\
         &hosted_checkout%5Bmode%5D=iframe&hosted_checkout[funding_sources][]=credit_card&fee[app_fee]=1"
    );
    let made = sim.raw("POST", "/v2/checkout/create", &headers, body.as_bytes()).await.unwrap().json();
    assert_eq!(made["hosted_checkout"]["mode"], "iframe");
    assert_eq!((&made["auto_capture"], &made["fee"]["app_fee"]), (&json!(false), &json!(1)));
    // The PHP client sends GET when there is nothing to say.
    for method in ["GET", "POST"] {
        let bare = [("authorization", auth.as_str()), ("user-agent", "x"), ("content-type", "application/json")];
        let reply = sim.raw(method, "/v2/checkout", &bare, b"").await.unwrap();
        assert_eq!(reply.error(), (400, 1004, "checkout_id parameter is required".to_owned()));
    }
}
