//! The keys that data at rest is sealed with, changed by a person at the command line.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::binary::{Binary, Ended, command, run};
use crate::harness::{Merchant, postgres_url};

/// A settings file with these keys, the newest first, and a database below the folder.
fn settings(folder: &Path, bind: &str, keys: &[&str]) -> String {
    settings_on(folder, &format!("sqlite:{}", folder.join("lendport.db").display()), bind, keys)
}

/// The same with another database.
fn settings_on(folder: &Path, storage: &str, bind: &str, keys: &[&str]) -> String {
    let (newest, older) = keys.split_first().unwrap();
    let name = |name: &str| -> PathBuf { folder.join(name) };
    std::fs::write(name("newest.key"), newest).unwrap();
    std::fs::write(name("older.keys"), older.join("\n") + "\n").unwrap();
    let older = if older.is_empty() { String::new() } else { name("older.keys").display().to_string() };
    let text = format!(
        "[server]\nbind = \"{bind}\"\n[storage]\nurl = \"{storage}\"\n[security]\nencryption_key_file = \"{}\"\n\
         older_encryption_keys_file = \"{older}\"\n",
        name("newest.key").display(),
    );
    std::fs::write(name("lendport.toml"), text).unwrap();
    name("lendport.toml").display().to_string()
}

const FIRST: &str = "HxwdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const SECOND: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

async fn vault(what: &str, settings: &str) -> Ended {
    run(command(&["vault", what, "--config", settings])).await
}

#[track_caller]
fn says(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in parts {
        assert!(ended.stdout.contains(part), "{part:?} is not in: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains(FIRST) && !ended.stdout.contains(SECOND));
}

#[tokio::test]
async fn a_key_is_changed_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let storage = format!("sqlite:{}", folder.path().join("lendport.db").display());
    change_step_by_step(folder.path(), &storage).await;
}

#[tokio::test]
async fn a_key_is_changed_step_by_step_on_postgresql() {
    let (folder, storage) = (tempfile::tempdir().unwrap(), postgres_url().await);
    change_step_by_step(folder.path(), &storage).await;
}

async fn change_step_by_step(folder: &Path, storage: &str) {
    let with = |keys: &[&str]| settings_on(folder, storage, "127.0.0.1:0", keys);
    let create = ["keys", "create", "--merchant-name", "A shop", "--mode", "test", "--config"];
    let with_key = |settings: &str| {
        let mut made = command(&create);
        made.arg(settings);
        run(made)
    };
    let first = with(&[FIRST]);
    assert_eq!(with_key(&first).await.code, Some(0));
    says(&vault("status", &first).await, &["seals, 0 days old, data keys: 2", "rows of the first format: 0"]);

    let both = with(&[SECOND, FIRST]);
    assert_eq!(with_key(&both).await.code, Some(0));
    says(&vault("status", &both).await, &["seals, 0 days old, data keys: 0", "needed, 0 days old, data keys: 2"]);
    says(&vault("rewrap", &both).await, &["sealed 2 data keys", "is not needed any more"]);
    says(&vault("status", &both).await, &["seals, 0 days old, data keys: 2", "not needed any more, 0 days old"]);
    says(&vault("new-data-key", &both).await, &["made data key 2; rows are sealed with it from "]);
    says(&vault("status", &both).await, &["  1  seals, ", "  2  seals from "]);

    let second = with(&[SECOND]);
    assert_eq!(with_key(&second).await.code, Some(0));
    // The old one opens nothing any more, and says what is wanted.
    let old = with(&[FIRST]);
    for ended in [with_key(&old).await, vault("status", &old).await, vault("reencrypt", &old).await] {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("the encryption keys do not fit the database"), "{}", ended.stderr);
        assert!(ended.stderr.contains("security.older_encryption_keys_file"), "{}", ended.stderr);
    }

    // What was done to the keys is in the log, for who may see all of it.
    let second = with(&[SECOND]);
    let platform = ["keys", "create", "--merchant-name", "Platform", "--mode", "live", "--scope", "platform:admin"];
    let made = run(command(&[&platform[..], &["--config", &second]].concat())).await;
    let key = made.stdout.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap().to_owned();
    let (_gateway, there) = Binary::serve(Path::new(&second)).await;
    let log = Merchant::new(&there.url, &key).get("/v1/audit").await.ok(200).clone();
    let mut of_keys = log.body["data"].as_array().unwrap().clone();
    of_keys.retain(|entry| entry["merchant"].is_null());
    let told: Vec<_> = of_keys.iter().map(|entry| (entry["action"].clone(), entry["actor"]["type"].clone())).collect();
    let wanted = [
        (json!("signing_key.created"), json!("gateway")),
        (json!("data_key.created"), json!("command_line")),
        (json!("data_keys.rewrapped"), json!("command_line")),
    ];
    assert_eq!(told, wanted);
    assert!(!log.text.contains(FIRST) && !log.text.contains(SECOND));
}

#[tokio::test]
async fn a_value_that_does_not_open_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = settings(folder.path(), "127.0.0.1:0", &[FIRST]);
    let made = run(command(&["signing-keys", "rotate", "--config", &first])).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    says(&vault("reencrypt", &first).await, &["sealed 0 values anew"]);
    let database = folder.path().join("lendport.db");
    rusqlite::Connection::open(database).unwrap().execute("UPDATE signing_keys SET seed = x''", []).unwrap();
    says(&vault("status", &first).await, &["damaged values: 1"]);
    let ended = vault("reencrypt", &first).await;
    says(&ended, &["sealed 0 values anew", "1 values do not open and are as they were; the log names them"]);
    assert!(ended.stderr.contains("signing_keys") && ended.stderr.contains("seed"), "{}", ended.stderr);
}

/// The address is in use, and the word is about the key: it was looked at first.
#[tokio::test]
async fn a_wrong_key_is_told_before_anything_listens() {
    let folder = tempfile::tempdir().unwrap();
    let first = settings(folder.path(), "127.0.0.1:0", &[FIRST]);
    let create = ["keys", "create", "--merchant-name", "A shop", "--mode", "test", "--config", &first];
    assert_eq!(run(command(&create)).await.code, Some(0));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let wrong = settings(folder.path(), &taken.local_addr().unwrap().to_string(), &[SECOND]);
    let ended = run(command(&["serve", "--config", &wrong])).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("the encryption keys do not fit the database"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("listening on"), "{}", ended.stderr);
}

#[cfg(feature = "simulator")]
#[tokio::test]
async fn the_keys_are_worked_at_beside_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "127.0.0.1:0", &[FIRST]);
    let key_file = folder.path().join("newest.key").display().to_string();
    let variables = [("LENDPORT_SECURITY__ENCRYPTION_KEY_FILE", key_file.as_str())];
    let (gateway, _) = Binary::dev(folder.path(), &variables).await;
    says(&vault("status", &settings).await, &["data keys", "  1  seals"]);
    says(&vault("reencrypt", &settings).await, &["sealed 0 values anew"]);
    says(&vault("rewrap", &settings).await, &["sealed 0 data keys"]);
    says(&vault("new-data-key", &settings).await, &["made data key 2"]);
    drop(gateway);
}
