//! The program itself, as a person or a script would start it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::provider::{MERCHANT_ID, PASSWORD, USERNAME};
use super::{DELIVERY_LIMIT_MS, Lender, Merchant, PATIENCE, until};

/// How long a program that is told to stop finishes what it has in hand, on a busy machine.
const SHUTDOWN_GRACE_MS: u64 = 60_000;

/// The key that [`settings_file`] declares.
pub(crate) const SECRET_KEY: &str = "lp_test_made-up-for-the-served-shop-0001";
/// The encryption key that it names.
pub(crate) const ENCRYPTION_KEY: &str = "HxwdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// The shop that it declares.
pub(crate) const SHOP: &str = "A served shop";

/// Writes what an operator would: a shop with an account at a provider, secrets in files, everything below `folder`.
pub(crate) fn settings_file(folder: &Path, provider_url: &str) -> PathBuf {
    settings_file_on(folder, provider_url, &format!("sqlite:{}/lendport.db", folder.display()))
}

/// The same with another database.
pub(crate) fn settings_file_on(folder: &Path, provider_url: &str, storage_url: &str) -> PathBuf {
    for (name, secret) in [("encryption.key", ENCRYPTION_KEY), ("secret.key", SECRET_KEY), ("password", PASSWORD)] {
        std::fs::write(folder.join(name), format!("{secret}\n")).unwrap();
    }
    let folder_text = folder.display();
    let text = format!(
        r#"
[server]
bind = "127.0.0.1:0"
shutdown_grace_ms = {SHUTDOWN_GRACE_MS}
[storage]
url = "{storage_url}"
[security]
encryption_key_file = "{folder_text}/encryption.key"
[delivery]
allow_loopback_in_test_mode = true
timeout_ms = {DELIVERY_LIMIT_MS}
[limits]
key_reads_per_second = 0
key_writes_per_second = 0
merchant_reads_per_second = 0
merchant_writes_per_second = 0
strays_per_minute = 0
page_per_second = 0
pushes_per_second = 0
[providers.wegetfinancing]
sandbox_base_url = "{provider_url}"
sandbox_v3_base_url = "{provider_url}"
[merchant]
name = "{SHOP}"
secret_key_file = "{folder_text}/secret.key"
[merchant.accounts.wegetfinancing.test]
merchant_id = "{MERCHANT_ID}"
username = "{USERNAME}"
password_file = "{folder_text}/password"
"#
    );
    let path = folder.join("lendport.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Adds sections to a settings file.
pub(crate) fn add_settings(path: &Path, sections: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text + sections).unwrap();
}

/// A command of the program, free of the settings of whoever runs the tests.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lendport"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LENDPORT_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// How a command that ends by itself ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) async fn run(command: Command) -> Ended {
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    let output = output.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A program that runs until it is killed. What it prints goes to files, so that it never waits for a reader.
pub(crate) struct Binary {
    child: Child,
    folder: tempfile::TempDir,
}

impl Binary {
    /// Starts a command.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
        let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        Self { child, folder }
    }

    /// Starts `lendport dev` on a free port and waits until it answers.
    pub(crate) async fn dev(data: &Path, env: &[(&str, &str)]) -> (Self, Ready) {
        let ready_file = data.join("ready.json");
        let _ = std::fs::remove_file(&ready_file);
        let mut command = command(&["dev", "--bind", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(data).arg("--ready-file").arg(&ready_file).envs(env.iter().copied());
        let mut binary = Self::spawn(command);
        let ready = binary.until_ready(&ready_file).await;
        (binary, ready)
    }

    /// Starts `lendport serve` with a settings file and waits until it answers; the key is the one declared there.
    pub(crate) async fn serve(config: &Path) -> (Self, Merchant) {
        let mut command = command(&["serve"]);
        let binary = Self::spawn({
            command.arg("--config").arg(config);
            command
        });
        let found = async || {
            let log = binary.stderr();
            // In text `address=...`, in JSON `"address":"..."`.
            let mut lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let (_, rest) = lines.find(|line| line.contains("gateway answers"))?.split_once("127.0.0.1:")?;
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("http://127.0.0.1:{port}"))
        };
        let url = until("the gateway to answer", found).await;
        let merchant = Merchant::new(&url, SECRET_KEY);
        (binary, merchant)
    }

    async fn until_ready(&mut self, path: &PathBuf) -> Ready {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = std::fs::read_to_string(path) {
                return Ready(serde_json::from_str(&text).unwrap());
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && tokio::time::Instant::now() < end, "not ready, {ended:?}: {}", self.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it printed a line with `mark`, and answers that line.
    pub(crate) async fn until_printed(&self, mark: &str) -> String {
        let found = async || self.stdout().lines().find(|line| line.contains(mark)).map(str::to_owned);
        until(&format!("a line with {mark}"), found).await
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        self.read("stdout")
    }

    pub(crate) fn stderr(&self) -> String {
        self.read("stderr")
    }

    fn read(&self, name: &str) -> String {
        let mut bytes = Vec::new();
        std::fs::File::open(self.folder.path().join(name)).unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends it at once, as a power cut would: nothing of its own runs any more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits; its exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let mut status = None;
        let end = tokio::time::Instant::now() + PATIENCE;
        while status.is_none() {
            assert!(tokio::time::Instant::now() < end, "does not stop");
            status = self.child.try_wait().unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        status.and_then(|status| status.code())
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The content of a ready file.
pub(crate) struct Ready(pub(crate) Value);

impl Ready {
    pub(crate) fn merchant(&self) -> Merchant {
        Merchant::new(self.0["url"].as_str().unwrap(), self.0["secret_key"].as_str().unwrap())
    }

    pub(crate) fn lender(&self) -> Lender {
        Lender::new(self.0["simulators"]["wegetfinancing"].as_str().unwrap())
    }
}
