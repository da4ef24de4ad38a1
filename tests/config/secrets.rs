//! Where secrets come from, and that none is shown.

use super::*;

#[test]
fn secrets_come_from_files_without_their_line_break() {
    let dir = tempfile::tempdir().unwrap();
    let (key, password) = (dir.path().join("key"), dir.path().join("password"));
    fs::write(&key, format!("{KEY}\r\n")).unwrap();
    fs::write(&password, " moa24phoPh`\n").unwrap();
    let config = from_env(&[
        ("LENDPORT_SECURITY__ENCRYPTION_KEY_FILE", key.to_str().unwrap()),
        ("LENDPORT_MERCHANT__NAME", "42"),
        ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__MERCHANT_ID", "1234"),
        ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__PASSWORD_FILE", password.to_str().unwrap()),
    ])
    .unwrap();
    assert_eq!(config.security.encryption_key.as_ref().unwrap().expose().last(), Some(&31));
    let merchant = config.merchant.as_ref().unwrap();
    assert_eq!((merchant.name.as_str(), merchant.accounts.len()), ("42", 1));
    let account = merchant.accounts.first().unwrap();
    assert_eq!((account.provider.as_str(), account.mode), ("wegetfinancing", Mode::Test));
    assert_eq!(account.fields.get("merchant_id").unwrap().expose(), "1234");
    assert_eq!(account.fields.get("password").unwrap().expose(), " moa24phoPh`");
    let one = AccountField::setting("merchant_id", FieldKind::Choice(&["1"]), "x");
    let told = config.account_errors("wegetfinancing", &[one, AccountField::credential("pasword", "x")]);
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for expected in [
        "TEST__MERCHANT_ID: ",
        "choose from 1",
        "TEST__PASSWORD_FILE: ",
        "did you mean `pasword`?",
        "pasword`: is missing",
    ] {
        assert!(told.iter().any(|line| line.contains(expected)), "{expected} is not in {told:?}");
    }
}

#[test]
fn a_secret_is_said_once_and_can_be_read() {
    let told = mistakes(from_env(&[
        ("LENDPORT_SECURITY__ENCRYPTION_KEY", KEY),
        ("LENDPORT_SECURITY__ENCRYPTION_KEY_FILE", "/nowhere/key"),
        ("LENDPORT_MERCHANT__NAME", "Shop"),
        ("LENDPORT_MERCHANT__SECRET_KEY_FILE", "/nowhere/secret"),
        ("LENDPORT_MERCHANT__ACCOUNTS__SANDBOX__LIVE__PASSWORD", "a"),
        ("LENDPORT_MERCHANT__ACCOUNTS__SANDBOX__LIVE__PASSWORD_FILE", "b"),
    ]));
    assert!(told.starts_with("the configuration has 3 mistakes:"), "{told}");
    assert!(
        told.contains("is set and so is `security.encryption_key` (by LENDPORT_SECURITY__ENCRYPTION_KEY)"),
        "{told}"
    );
    assert!(told.contains("/nowhere/secret: cannot be read"), "{told}");
    assert!(!told.contains(KEY));
    let told = mistakes(from_env(&[("LENDPORT_SECURITY__ENCRYPTION_KEY", "c2hvcnQ=")]));
    assert!(told.contains("is not 32 bytes in base64") && !told.contains("c2hvcnQ"), "{told}");
    let told = mistakes(from_env(&[("LENDPORT_MERCHANT__SECRET_KEY", "hunter2")]));
    assert!(told.contains("lp_test_") && told.contains("name the merchant") && !told.contains("hunter2"), "{told}");
}

#[test]
fn older_keys_are_read_one_a_line_and_none_is_shown() {
    let other = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
    let dir = tempfile::tempdir().unwrap();
    let older = dir.path().join("older");
    fs::write(&older, format!("{other}\r\n{KEY}\n\n")).unwrap();
    let file = ("LENDPORT_SECURITY__OLDER_ENCRYPTION_KEYS_FILE", older.to_str().unwrap());
    let config = from_env(&[("LENDPORT_SECURITY__ENCRYPTION_KEY", KEY), file]).unwrap();
    let last: Vec<_> = config.security.older_encryption_keys.iter().map(|key| key.expose()[31]).collect();
    assert_eq!((last, config.security.key_age_warning_days), (vec![64, 31], 365));
    let both = format!("{KEY} {other}");
    let inline = from_env(&[("LENDPORT_SECURITY__OLDER_ENCRYPTION_KEYS", both.as_str())]).unwrap();
    assert_eq!(inline.security.older_encryption_keys.len(), 2);
    let shown = format!("{} {inline:?}", inline.render_masked());
    assert!(!shown.contains(KEY) && !shown.contains(other), "{shown}");
    let told = mistakes(from_env(&[("LENDPORT_SECURITY__ENCRYPTION_KEY", both.as_str())]));
    assert!(told.contains("holds more than one key") && !told.contains(KEY), "{told}");
    let broken = format!("{other} hunter2");
    let told = mistakes(from_env(&[("LENDPORT_SECURITY__OLDER_ENCRYPTION_KEYS", broken.as_str())]));
    assert!(told.contains("older_encryption_keys") && told.contains("is not 32 bytes"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn nothing_secret_is_shown() {
    let merchant_key = "lp_live_0123456789abcdefghijklmnop";
    let config = from_env(&[
        ("LENDPORT_SECURITY__ENCRYPTION_KEY", KEY),
        ("LENDPORT_MERCHANT__NAME", "Shop"),
        ("LENDPORT_MERCHANT__SECRET_KEY", merchant_key),
        ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__LIVE__USERNAME", "cdx_shop"),
        ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__LIVE__PASSWORD", "hunter2"),
        ("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__LIVE__SIGNATURE_MODE", "off"),
    ])
    .unwrap();
    let shown = format!("{} {config:?} {:?} {:?}", config.render_masked(), config.merchant, config.security);
    for secret in [KEY, merchant_key, "cdx_shop", "hunter2"] {
        assert!(!shown.contains(secret), "{secret} is in\n{shown}");
    }
    assert!(shown.contains("encryption_key = \"********\"  # LENDPORT_SECURITY__ENCRYPTION_KEY"), "{shown}");
    assert!(shown.contains("secret_key_file = \"\"  # default"), "{shown}");
    let shown = config.render_masked_with(&|provider, field| provider == "wegetfinancing" && field == "username");
    assert!(shown.contains("username = \"cdx_shop\"") && !shown.contains("hunter2"), "{shown}");
    assert!(config.warnings().iter().any(|warning| warning.contains("signature_mode is off")));
}

#[test]
fn the_password_of_the_database_is_in_a_file_or_masked() {
    let written = "[storage]\nurl = \"postgres://lendport:hunter2@db:5432/shop\"\n";
    let config = from_text(written).unwrap();
    let shown = config.render_masked();
    assert!(!shown.contains("hunter2") && shown.contains("url = \"********\""), "{shown}");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.warnings().iter().any(|warning| warning.contains("storage.password_file")));

    let (_dir, password) = file("hunter2\n");
    let named = format!("[storage]\nurl = \"postgres://lendport@db:5432/shop\"\npassword_file = {password:?}\n");
    let config = from_text(&named).unwrap();
    let StoragePlace::Postgres(url) = config.storage.place() else { panic!("is a server") };
    assert_eq!(url.expose(), "postgres://lendport:hunter2@db:5432/shop");
    assert!(config.render_masked().contains("postgres://lendport@db:5432/shop"));
    assert!(config.storage.path().is_none() && config.warnings().is_empty(), "{:?}", config.warnings());

    let both = format!("{written}password_file = {password:?}\n");
    assert!(
        mistakes(from_text(&both)).contains("`storage.password_file`: is set, and storage.url holds a password too")
    );
}
