//! The commands a person types, and what they hear back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::harness::binary::{Ended, command, run};

async fn said(arguments: &[&str]) -> Ended {
    run(command(arguments)).await
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("settings.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
fn failed(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in parts {
        assert!(ended.stderr.contains(part), "{part:?} is not in: {}", ended.stderr);
    }
}

#[tokio::test]
async fn an_unknown_setting_is_named_with_its_file_and_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "[server]\nbnid = \"127.0.0.1:1\"\n");
    for words in
        [&["config", "check", "--config", &path][..], &["serve", "--config", &path], &["migrate", "--config", &path]]
    {
        failed(&said(words).await, &["lendport: ", "server.bnid", "settings.toml", "server.bind"]);
    }
    let mut variable = command(&["config", "check"]);
    variable.env("LENDPORT_SERVER__BNID", "127.0.0.1:1");
    failed(&run(variable).await, &["LENDPORT_SERVER__BNID", "server.bind"]);
}

#[tokio::test]
async fn serving_without_an_encryption_key_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/lendport.db", folder.path().display());
    let path = file(folder.path(), &format!("[storage]\nurl = \"{url}\"\n[server]\nbind = \"127.0.0.1:0\"\n"));
    failed(&said(&["serve", "--config", &path]).await, &["security.encryption_key", "openssl rand -base64 32"]);
}

#[tokio::test]
async fn an_address_in_use_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    failed(&said(&["dev", "--bind", &address, "--data-dir", data]).await, &[&address, "--bind"]);
}

#[tokio::test]
async fn migrating_says_what_was_applied_and_then_that_there_is_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("below/lendport.db");
    let path = file(folder.path(), &format!("[storage]\nurl = \"sqlite:{}\"\n", database.display()));
    let first = said(&["migrate", "--config", &path]).await;
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(first.stdout.starts_with("applied "), "{}", first.stdout);
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600, "for its owner alone");
    let second = said(&["migrate", "--config", &path]).await;
    assert_eq!((second.code, second.stdout.contains("nothing to do")), (Some(0), true), "{second:?}");
}

#[tokio::test]
async fn an_unknown_provider_or_scenario_is_answered_with_the_known_ones() {
    failed(&said(&["simulate", "nobody"]).await, &["no provider nobody", KNOWN]);
    failed(&said(&["record", "nobody", "create_ok"]).await, &["no provider nobody"]);
    failed(&said(&["record", KNOWN, "dance"]).await, &["no scenario dance", "create_ok"]);
}

#[cfg(all(feature = "wepay", feature = "simulator"))]
#[tokio::test]
async fn a_simulator_names_its_fields_and_prints_settings_that_lead_to_it() {
    let simulate = |field: &'static str| async move { said(&["simulate", "wepay", "--account", field]).await };
    failed(&simulate("username=shop").await, &["no account field username", "account_id, access_token, api_version"]);
    failed(&simulate("api_version=2014-01-08").await, &["api_version of wepay has no such value", "2016-07-13"]);
    failed(&simulate("account_id=seven").await, &["account_id of wepay has no such value", "whole number"]);
    assert_eq!(simulate("access_token").await.code, Some(2));

    let words = ["simulate", "wepay", "--account", "account_id=235810395803", "--account", "api_version=2018-08-29"];
    let simulator = crate::harness::binary::Binary::spawn(command(&words));
    simulator.until_printed("api_version = ").await;
    let stdout = simulator.stdout();
    let (first, settings) = stdout.split_once("\n[").unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), &format!("[merchant]\nname = \"Example\"\n[{settings}"));
    let checked = said(&["config", "check", "--config", &path]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    for part in [&format!("stage_base_url = \"{url}\""), "account_id = \"235810395803\""] {
        assert!(checked.stdout.contains(part), "{part} is not in: {}", checked.stdout);
    }
}

/// A provider of this build.
const KNOWN: &str = if cfg!(feature = "wegetfinancing") { "wegetfinancing" } else { "sandbox" };

#[tokio::test]
async fn the_generated_documents_are_up_to_date() {
    let mut check = command(&["openapi", "--check"]);
    check.current_dir(env!("CARGO_MANIFEST_DIR"));
    let ended = run(check).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let printed = said(&["openapi"]).await;
    assert!(printed.stdout.trim() == lendport_http::openapi_json().trim());
    let folder = tempfile::tempdir().unwrap();
    let mut elsewhere = command(&["openapi", "--check"]);
    elsewhere.current_dir(folder.path());
    failed(&run(elsewhere).await, &["openapi/lendport.v1.json", "lendport openapi --write"]);
}

#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod with_a_simulator {
    use lendport_core::{CallContext, CallLog, CascadeHints, Clock as _, CreateRequest, Mode, Secret};
    use lendport_testkit::{ManualClock, Sample, SeededIds, samples};
    use serde_json::Value;

    use super::*;
    use crate::harness::binary::{ENCRYPTION_KEY, SECRET_KEY, settings_file};
    use crate::harness::provider::{MERCHANT_ID, PASSWORD, USERNAME};
    use crate::harness::{Binary, Lender, Loan, LoneSimulator, Merchant, carts};

    #[tokio::test]
    async fn the_demo_plays_the_whole_story_and_ends_well() {
        let ended = said(&["demo"]).await;
        assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
        for part in [
            "the merchant posts a cart",
            "requires_customer_action",
            "1420.00 USD",
            "preapproved, can_fulfill false",
            "authorized, can_fulfill true",
            "the merchant ships and says so",
            "declined, can_fulfill false",
            "What the gateway remembers",
            "steps went as they should",
        ] {
            assert!(ended.stdout.contains(part), "{part:?} is not in:\n{}", ended.stdout);
        }
        assert!(!ended.stdout.contains("WRONG"));
        let began = ended.stdout.matches(" ok ").count();
        assert!(began >= 15, "{began} steps");
    }

    #[tokio::test]
    async fn the_ready_file_holds_what_a_script_needs_and_only_its_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        let (mut binary, ready) = Binary::dev(data.path(), &[]).await;
        let names: Vec<&String> = ready.0.as_object().unwrap().keys().collect();
        assert_eq!(names, ["url", "shop", "secret_key", "merchant", "simulators"]);
        assert!(ready.0["secret_key"].as_str().unwrap().starts_with("lp_test_"));
        assert!(ready.0["merchant"].as_str().unwrap().starts_with("mer_"));
        assert!(ready.0["simulators"]["wegetfinancing"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        for name in ["ready.json", "secret.key", "encryption.key", "lendport.db"] {
            let mode = fs::metadata(data.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name} is for its owner alone");
        }
        assert_eq!(ready.merchant().get("/v1/checkouts").await.status, 200);
        let greeting = binary.until_printed("Stop with Ctrl-C").await;
        let shown = binary.stdout();
        for part in [ready.0["url"].as_str().unwrap(), ready.0["secret_key"].as_str().unwrap(), "curl -s", "/docs"] {
            assert!(shown.contains(part), "{part} is not in {greeting}: {shown}");
        }
        assert_eq!(binary.stop().await, Some(0));
    }

    #[tokio::test]
    async fn the_command_that_is_printed_works_when_pasted() {
        let data = tempfile::tempdir().unwrap();
        let (binary, ready) = Binary::dev(data.path(), &[]).await;
        binary.until_printed("Stop with Ctrl-C").await;
        let shown = binary.stdout();
        let pasted = shown.split("\n\n").find(|part| part.starts_with("curl -s")).unwrap();
        // A shell takes the line apart as it would for a person; only the client is ours.
        let script = format!("curl() {{ for word in \"$@\"; do printf '%s\\n\\036' \"$word\"; done; }}\n{pasted}");
        let split = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        let split = String::from_utf8(split.stdout).unwrap();
        let mut words = split.split_terminator("\n\u{1e}");
        let merchant = ready.merchant();
        let (mut url, mut headers, mut body) = ("", Vec::new(), String::new());
        while let Some(word) = words.next() {
            match word {
                "-s" => {}
                "-H" => headers.push(words.next().unwrap().split_once(": ").unwrap()),
                "-d" => body = words.next().unwrap().to_owned(),
                other => url = other,
            }
        }
        let request = headers.iter().fold(merchant.http.post(url), |made, (name, value)| made.header(*name, *value));
        let made = merchant.send(request.body(body)).await.ok(201).body.clone();
        assert_eq!(made["status"], "requires_customer_action", "{made}");
        assert_eq!(merchant.status(made["id"].as_str().unwrap()).await, "requires_customer_action");
    }

    #[tokio::test]
    async fn the_effective_settings_are_shown_with_their_secrets_masked() {
        let folder = tempfile::tempdir().unwrap();
        let path = settings_file(folder.path(), "http://127.0.0.1:9");
        let mut from_files = command(&["config", "check", "--config", path.to_str().unwrap()]);
        from_files.env("LENDPORT_STORAGE__READERS", "7");
        let mut from_variables = command(&["config", "check"]);
        from_variables.envs([
            ("LENDPORT_STORAGE__READERS", "7"),
            ("LENDPORT_SECURITY__ENCRYPTION_KEY", ENCRYPTION_KEY),
            ("LENDPORT_MERCHANT__NAME", "A served shop"),
            ("LENDPORT_MERCHANT__SECRET_KEY", SECRET_KEY),
            ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__MERCHANT_ID", MERCHANT_ID),
            ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__USERNAME", USERNAME),
            ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__PASSWORD", PASSWORD),
        ]);
        for (check, parts) in [
            (from_files, ["lendport.toml", "password_file = ", "http://127.0.0.1:9"]),
            (from_variables, ["********", "LENDPORT_MERCHANT__SECRET_KEY", "password = "]),
        ] {
            let ended = run(check).await;
            assert_eq!(ended.code, Some(0), "{}", ended.stderr);
            let common = ["readers = 7", "LENDPORT_STORAGE__READERS", USERNAME];
            for part in common.iter().chain(&parts) {
                assert!(ended.stdout.contains(part), "{part:?} is not in:\n{}", ended.stdout);
            }
            for secret in [SECRET_KEY, ENCRYPTION_KEY, PASSWORD] {
                assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
            }
        }
    }

    #[tokio::test]
    async fn a_key_made_on_the_command_line_opens_the_served_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let simulator = LoneSimulator::start(None).await;
        let path = settings_file(folder.path(), &simulator.lender.url);
        let config = path.to_str().unwrap();
        let made =
            said(&["keys", "create", "--merchant-name", "A served shop", "--mode", "test", "--config", config]).await;
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let line = made.stdout.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap();
        assert!(line.starts_with("lp_test_"), "{line}");
        assert!(!made.stderr.contains(line));
        let (_binary, declared) = Binary::serve(&path).await;
        let merchant = Merchant::new(&declared.url, line);
        let loan = Loan::open(&merchant, &simulator.lender).await;
        loan.tell("approved").await;
        assert_eq!(declared.status(&loan.id).await, "authorized", "both keys are the same shop's");
        let database = fs::read(folder.path().join("lendport.db")).unwrap();
        let wal = fs::read(folder.path().join("lendport.db-wal")).unwrap_or_default();
        let stored = [database, wal].concat();
        assert!(!String::from_utf8_lossy(&stored).contains(line), "only its digest is stored");

        let live = said(&["keys", "create", "--merchant-name", "X", "--mode", "live", "--config", config]).await;
        failed(&live, &["is using the database"]);
    }

    #[tokio::test]
    async fn a_command_that_needs_the_file_for_itself_says_what_can_be_done_beside_a_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let simulator = LoneSimulator::start(None).await;
        let path = settings_file(folder.path(), &simulator.lender.url);
        let config = ["--config", path.to_str().unwrap()];
        let (_binary, declared) = Binary::serve(&path).await;
        for (asked, instead) in [
            (&["merchants", "list"][..], "/v1/merchants"),
            (&["keys", "list", "--merchant-name", "A served shop"], "/v1/merchants/{id}/keys"),
            (&["signing-keys", "list"], "auth.signing_key_days"),
            (&["signing-keys", "rotate", "--at-once"], "auth.signing_key_days"),
        ] {
            failed(&said(&[asked, &config].concat()).await, &["is using the database", "stop it", instead]);
        }
        declared.get("/v1/checkouts").await.ok(200);
    }

    #[tokio::test]
    async fn a_live_key_sees_nothing_of_the_test_world() {
        let folder = tempfile::tempdir().unwrap();
        let simulator = LoneSimulator::start(None).await;
        let path = settings_file(folder.path(), &simulator.lender.url);
        let config = path.to_str().unwrap();
        let made =
            said(&["keys", "create", "--merchant-name", "A served shop", "--mode", "live", "--config", config]).await;
        let line = made.stdout.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap().to_owned();
        let (_binary, test) = Binary::serve(&path).await;
        let loan = Loan::open(&test, &simulator.lender).await;
        let live = Merchant::new(&test.url, &line);
        live.get(&format!("/v1/checkouts/{}", loan.id)).await.refused(404, "not_found");
        assert_eq!(live.get("/v1/checkouts").await.body["data"], serde_json::json!([]));
        let refused = live.open(&carts::usa()).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.errors()[0].0, "/provider", "no live account is set up");
    }

    #[tokio::test]
    async fn a_simulator_by_itself_can_be_recorded_and_the_recording_holds_no_secret() {
        let arguments = [
            "--username",
            USERNAME,
            "--password",
            PASSWORD,
            "--merchant-id",
            MERCHANT_ID,
            "--resend-interval-ms",
            "200",
        ];
        let simulator = Binary::spawn(command(&[&["simulate", "wegetfinancing"], &arguments[..]].concat()));
        let line = simulator.until_printed("Simulator of wegetfinancing at ").await;
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let config = settings_file(folder.path(), url);
        for scenario in ["create_ok", "create_wrong_key", "shipment_before_approval"] {
            let out = folder.path().join(format!("{scenario}.json"));
            let words = ["record", "wegetfinancing", scenario, "--config", config.to_str().unwrap()];
            let ended = said(&[&words[..], &["--out", out.to_str().unwrap()]].concat()).await;
            assert_eq!(ended.code, Some(0), "{scenario}: {}", ended.stderr);
            let text = fs::read_to_string(&out).unwrap();
            let cassette: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(cassette["scenario"], scenario);
            assert_eq!(
                (&cassette["origin"]["kind"], &cassette["origin"]["against"]),
                (&"recorded".into(), &"simulator".into())
            );
            for secret in
                [PASSWORD, USERNAME, ENCRYPTION_KEY, SECRET_KEY, "john@example.com", "Doe", "2222222222", "West End"]
            {
                assert!(!text.contains(secret), "{scenario} holds {secret}");
            }
            let loaded = lendport_outbound::Cassette::load(&out).unwrap();
            assert_eq!(loaded.scenario(), scenario, "it can be read");
        }
        replayed(&folder.path().join("create_ok.json")).await;
        let lender = Lender::new(url);
        assert_eq!((lender.calls("create").await, lender.calls("shipping").await), (3, 1));
    }

    /// The adapter is content with what was written down, for another checkout of the same sum.
    async fn replayed(cassette: &Path) {
        let (outbound, _used_up) = lendport_testkit::play(cassette).unwrap();
        let known = lendport::registry::registration("wegetfinancing").unwrap();
        let transport = move |_: lendport_outbound::ClientSettings| Ok(outbound.clone());
        let section = serde_json::json!({ "sandbox_base_url": "https://provider.invalid" });
        let provider = (known.build)(&section, &transport).unwrap();
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
        let account = samples::account(&[("merchant_id", MERCHANT_ID), ("username", USERNAME), ("password", PASSWORD)]);
        let calls = CallLog::new();
        let now = ManualClock::default().now();
        let context = CallContext { account: &account, mode: Mode::Test, now, calls: &calls };
        let callback_url = Secret::from("https://gateway.example/callbacks/wegetfinancing/another");
        let request = CreateRequest {
            checkout: &checkout,
            attempt: &attempt,
            callback_url: &callback_url,
            hints: CascadeHints::FIRST,
        };
        let created = provider.create(context, request).await.unwrap();
        assert_eq!(created.amount_echoed, Some(checkout.cart.total));
    }
}
