//! What an operator would write for the gateways of a run.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lendport::registry;

use crate::Fault;
use crate::financer::Financers;
use crate::merchant::SECRET_KEY;

/// Seals a database that is deleted with the run.
const ENCRYPTION_KEY: &str = "HxwdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// Writes the settings file that all replicas share. Times are short, so that what a kill leaves behind is taken up
/// while the run is still on.
pub(crate) fn write(
    folder: &Path,
    storage_url: &str,
    public_address: &str,
    financers: &Financers,
) -> Result<PathBuf, Fault> {
    // A create at WePay is up to four calls, a confirmation at FlexShopper up to three.
    let long = financers.running.iter().any(|simulator| ["wepay", "flexshopper"].contains(&simulator.provider));
    let lease_ms = if long { 9_000 } else { 3_000 };
    let mut text = format!(
        r#"
[server]
bind = "127.0.0.1:0"
public_url = "http://{public_address}"
request_timeout_ms = 2_500
[storage]
url = "{storage_url}"
[security]
encryption_key = "{ENCRYPTION_KEY}"
[engine]
operation_lease_ms = {lease_ms}
expiry_sweep_interval_ms = 500
settle_interval_ms = 500
[limits]
key_reads_per_second = 0
key_writes_per_second = 0
merchant_reads_per_second = 0
merchant_writes_per_second = 0
strays_per_minute = 0
page_per_second = 0
pushes_per_second = 0
[delivery]
timeout_ms = 700
allow_loopback_in_test_mode = true
[log]
format = "json"
[merchant]
name = "Chaos shop"
secret_key = "{SECRET_KEY}"
"#
    );
    for known in registry::registrations() {
        let provider = known.descriptor.id;
        // Those that are not played count for the lease as well.
        writeln!(text, "[providers.{provider}]\nrequest_timeout_ms = 1_500\nconnect_timeout_ms = 1_000")?;
        let Some(simulator) = financers.running.iter().find(|running| running.provider == provider) else { continue };
        writeln!(text, "enabled = true")?;
        if simulator.provider == "wepay" {
            writeln!(text, "throttle_calls = 0")?;
        }
        for key in simulator.registration.section_keys {
            writeln!(text, "{key} = \"{}\"", simulator.url)?;
        }
        writeln!(text, "[merchant.accounts.{provider}.test]")?;
        for (name, value) in &simulator.account {
            writeln!(text, "{name} = \"{}\"", value.expose())?;
        }
    }
    let path = folder.join("lendport.toml");
    fs::write(&path, text)?;
    Ok(path)
}
