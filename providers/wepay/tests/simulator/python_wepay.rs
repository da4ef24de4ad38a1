//! A public client at work: python-wepay 1.5.0 of 2015, written for the API of the seed, pointed at the simulator.
//!
//! `.ci/install-python-deps.sh` puts it into `python/` below Cargo's target folder. Another Python that has it can be named
//! in `LENDPORT_TEST_PYTHON`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Receiver, Running, TOKEN, start};

fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("LENDPORT_TEST_PYTHON") {
        return named.into();
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("python/bin/python3");
    assert!(python.exists(), "{} is not there: run .ci/install-python-deps.sh once", python.display());
    python
}

/// The client in its own process.
struct Client {
    child: Child,
    asks: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Client {
    fn start(sim: &Running, version: &str, library: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulator/python_wepay.py");
        let address = format!("http://{}", sim.address);
        let mut command = Command::new(python());
        command.arg(script).args([&address, TOKEN, version, library]).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A proxy of the machine has no business between the two.
        let mut child = command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").spawn().unwrap();
        let (asks, hears) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, asks, hears }
    }

    /// A call with its positional and its named arguments.
    async fn call(&mut self, call: &str, arguments: Value, more: Value) -> Value {
        writeln!(self.asks, "{}", json!({ "call": call, "arguments": arguments, "more": more })).unwrap();
        let mut line = String::new();
        // The simulator answers on this runtime's other threads.
        tokio::task::block_in_place(|| self.hears.read_line(&mut line)).unwrap();
        assert!(!line.is_empty(), "the Python side failed: run .ci/install-python-deps.sh once");
        serde_json::from_str(&line).unwrap()
    }

    fn ended(mut self) {
        drop(self.asks);
        assert!(self.child.wait().unwrap().success());
    }
}

async fn until_paid(sim: &Running, client: &mut Client, id: u64) -> Value {
    sim.decide(id, json!({"status": "pay"})).await;
    client.call("look", json!([id]), json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_client_creates_looks_up_and_refunds() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let mut client = Client::start(&sim, "2015-08-15", "requests");
    let hosted = json!({
        "redirect_uri": "https://shop.example/done", "mode": "iframe", "shipping_fee": 2, "require_shipping": true,
        "prefill_info": {"name": "Ada Smith", "email": "ada@example.com", "address": "main street", "zip": "94085"},
        "theme_object": {"name": "test", "primary_color": "ffffff"}, "funding_sources": ["credit_card"]
    });
    let order = json!([ACCOUNT, "A television", "goods", "20.50"]);
    let more = json!({
        "currency": "USD", "reference_id": "pay_77", "unique_id": "pay_77-a1", "callback_uri": shop.url(),
        "fee": {"app_fee": 1, "fee_payer": "payee"}, "hosted_checkout": hosted, "delivery_type": "shipping"
    });
    let made = client.call("create", order.clone(), more.clone()).await;
    assert_eq!((&made["state"], &made["amount"], &made["gross"]), (&json!("new"), &json!(20.5), &json!(0)));
    assert_eq!(client.call("create", order, more).await, made, "one unique_id makes one checkout");
    assert_eq!(sim.stored().await, 1);
    let id = made["checkout_id"].as_u64().unwrap();
    assert_eq!(sim.seen(id).await["unknown_parameters"], json!([]));
    assert!(made["hosted_checkout"]["checkout_uri"].as_str().unwrap().ends_with("/api_checkout?iframe=1"));

    let paid = until_paid(&sim, &mut client, id).await;
    assert_eq!((&paid["state"], &paid["gross"]), (&json!("captured"), &json!(22.5)));
    assert_eq!(shop.wait_for(1).await[0].body, format!("checkout_id={id}&reference_id=pay_77"));
    let found = client.call("find", json!([ACCOUNT]), json!({"reference_id": "pay_77", "state": "captured"})).await;
    assert_eq!(found, json!([paid]));

    let part = client.call("refund", json!([id, "one item returned"]), json!({"amount": "5.25"})).await;
    assert_eq!(part, json!({"checkout_id": id, "state": "captured"}));
    let looked = client.call("look", json!([id]), json!({})).await;
    assert_eq!(looked["refund"], json!({"amount_refunded": 5.25, "refund_reason": "one item returned"}));
    let rest = client.call("refund", json!([id, "the rest"]), json!({})).await;
    assert_eq!(rest, json!({"checkout_id": id, "state": "refunded"}));

    let again = client.call("refund", json!([id, "once more"]), json!({})).await;
    assert_eq!((&again["raised"], &again["error_code"]), (&json!("WePayClientError"), &json!(4004)));
    assert_eq!(
        again["error_description"],
        "Checkout object must be in state captured. Currently it is in state refunded"
    );
    client.ended();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_captures_cancels_and_modifies_and_is_told_what_is_wrong() {
    let sim = start().await;
    let mut client = Client::start(&sim, "", "requests");
    let order = json!([ACCOUNT, "Tickets", "event", 40]);
    let held = json!({"currency": "USD", "auto_capture": false});
    let mut made = Vec::new();
    for _ in 0..2 {
        let id = client.call("create", order.clone(), held.clone()).await["checkout_id"].as_u64().unwrap();
        assert_eq!(until_paid(&sim, &mut client, id).await["state"], "reserved");
        made.push(id);
    }
    let modified = client.call("modify", json!([made[0]]), json!({"callback_uri": "https://shop.example/ipn"})).await;
    assert_eq!(modified["callback_uri"], "https://shop.example/ipn");
    let captured = client.call("capture", json!([made[0]]), json!({})).await;
    assert_eq!(captured, json!({"checkout_id": made[0], "state": "captured"}));
    let cancelled = client.call("cancel", json!([made[1], "sold out"]), json!({})).await;
    assert_eq!(cancelled, json!({"checkout_id": made[1], "state": "cancelled"}));

    let no_currency = client.call("create", json!([ACCOUNT, "Tickets", "event", 40]), json!({})).await;
    assert_eq!(no_currency["error_description"], "currency parameter is required");
    let unknown = client.call("look", json!([7]), json!({})).await;
    assert_eq!((&unknown["raised"], &unknown["error_code"]), (&json!("WePayClientError"), &json!(4001)));
    sim.fault(json!({"on": "lookup", "kind": "error", "error_code": 1008, "times": 1})).await;
    let down = client.call("look", json!([made[0]]), json!({})).await;
    assert_eq!((&down["raised"], &down["error_code"]), (&json!("WePayServerError"), &json!(1008)));
    let stranger = client.call("look", json!([made[0]]), json!({"access_token": "another"})).await;
    assert_eq!((&stranger["error"], &stranger["error_code"]), (&json!("access_denied"), &json!(1006)));
    client.ended();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_so_with_the_standard_library_too() {
    let sim = start().await;
    // Then it sends a form and calls it JSON.
    let mut client = Client::start(&sim, "2015-11-18", "urllib");
    let order = json!([ACCOUNT, "rental", "service", "25.00"]);
    let id = client.call("create", order, json!({"currency": "USD"})).await["checkout_id"].as_u64().unwrap();
    assert_eq!(until_paid(&sim, &mut client, id).await["gross"], 26.02);
    let back = client.call("refund", json!([id, "returned"]), json!({})).await;
    assert_eq!(back, json!({"checkout_id": id, "state": "refunded"}));
    client.ended();
}
