//! `lendport simulate flexshopper`: FlexShopper by itself, and the settings that lead a gateway to it.

use super::*;
use crate::harness::Binary;
use crate::harness::binary::{add_settings, command, settings_file};

#[tokio::test]
async fn what_it_prints_leads_a_gateway_and_a_browser_to_it() {
    let words = ["simulate", "flexshopper", "--account", "api_key=key of a shop", "--account", "auth_key=public/1"];
    let simulator = Binary::spawn(command(&words));
    simulator.until_printed("auth_key = ").await;
    let stdout = simulator.stdout();
    let (first, settings) = stdout.split_once("\n[").unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = settings_file(folder.path(), "http://127.0.0.1:9");
    add_settings(&config, &format!("[{settings}"));

    let (_gateway, merchant) = Binary::serve(&config).await;
    let made = merchant.open(&cart()).await.ok(201).clone();
    let script = made.str("/next_action/url").to_owned();
    assert!(script.starts_with(&format!("{url}/sdk/js?authKey=")), "{script}");
    let script = merchant.http.get(script).send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
    assert!(script.contains("FlexSDK"), "{script}");
    let calls: Value = merchant.http.get(format!("{url}/_sim/calls")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&calls["script"], &calls["settings"]), (&json!(1), &json!(1)), "{calls}");
}
