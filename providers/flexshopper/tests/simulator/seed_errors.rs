//! The errors that FlexShopper's own pages print (seed 004), on the calls they are printed under.

use serde_json::{Value, json};

use crate::support::{Running, application, card, cart, in_path, start};

fn error(status: u16, code: Value, message: &str) -> (u16, Value) {
    (status, json!({"error": {"statusCode": status, "code": code, "message": message, "data": {}}}))
}

async fn heard(sim: &Running, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
    let reply = sim.try_call(method, path, token, body).await.unwrap();
    (reply.status, reply.json())
}

#[tokio::test]
async fn errors_as_printed() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let token = Some(ada.token.as_str());
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 1)])).await;
    let not_found = error(404, json!("LeaseNotFound"), "The lease requested was not found");
    let signature = json!({"ipAddress": "203.0.113.9", "timestamp": "2026-11-21T12:00:00Z", "signed": true});
    for (method, path) in [
        ("GET", "leases/eyJ"),
        ("POST", "leases/eyJ/sign"),
        ("GET", "transactions/T-9"),
        ("POST", "transactions/T-9/finalize"),
    ] {
        let body = if path.ends_with("sign") { &signature } else { &Value::Null };
        assert_eq!(heard(&sim, method, path, token, body).await, not_found, "{path}");
    }

    let path = format!("paymentMethods/{}/verifyACH", ada.id);
    let missing = error(400, json!(""), "\"accountNumber\" is required");
    assert_eq!(heard(&sim, "POST", &path, None, &json!({})).await, missing);

    let exists = error(409, json!("UserAlreadyExists"), "The user already exists");
    let again = json!({"firstName": "Ada", "lastName": "Smith", "email": "ada@example.com"});
    assert_eq!(heard(&sim, "POST", "users", None, &again).await, exists);
    let taken = sim.customer("b+taken@example.com").await;
    assert_eq!(heard(&sim, "POST", "users/me/apply", Some(&taken.token), &application()).await, exists);
    let upstream = sim.customer("b+502@example.com").await;
    let bad_gateway = error(502, json!("BadGateway"), "Gateway returned status code");
    assert_eq!(heard(&sim, "POST", "users/me/apply", Some(&upstream.token), &application()).await, bad_gateway);

    let add = async |body: Value| heard(&sim, "POST", "paymentMethods/add", token, &body).await;
    let bank =
        |routing: &str| json!({"primary": true, "label": "b", "ach": {"routing": routing, "account": "12345678"}});
    let refused = |code: u32, message: &str| error(400, json!(code), message);
    assert_eq!(add(card("prepaid")).await, refused(11503, "Payment method is not primary eligible"));
    assert_eq!(add(bank("000000505")).await, refused(11505, "Bank is not accepted"));
    assert_eq!(add(bank("000000506")).await, refused(11506, "Bank requires verification"));

    sim.ok("paymentMethods/add", token, &card("decline")).await;
    let path = format!("leases/{}/sign", in_path(&lease));
    let due = error(402, json!("PaymentRequired"), "User user must make a payment to access a requested resource");
    assert_eq!(heard(&sim, "POST", &path, token, &signature).await, due);
    sim.turn("/requests/T-1/decide", json!({"status": "expire"})).await;
    let expired = error(410, json!("LeaseExpired"), "The lease expired. Please create a new lease.");
    assert_eq!(heard(&sim, "POST", &path, token, &signature).await, expired);

    // Under nearly every call: the same text, whatever the reason. The address is hidden in the print.
    let printed = error(400, json!("UserAlreadyExists"), "User already exists with email user@example.com");
    assert_eq!(heard(&sim, "POST", "transactions/T-1/finalize", None, &Value::Null).await, printed);
    assert_eq!(heard(&sim, "POST", "transactions/T-1/confirm-shipment", None, &json!({})).await, printed);
    assert_eq!(heard(&sim, "GET", "users/nobody/authorize", None, &Value::Null).await, printed);
    sim.stop().await;
}
