//! `record`: plays a scenario against a provider's sandbox and writes it down as a cassette, redacted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lendport_core::{
    AccountSettings, CallContext, CallLog, CascadeHints, CreateRequest, Descriptor, FinancingProvider, Mode, Secret,
    Shipment, ShipmentStatus,
};
use lendport_outbound::{Against, ClientSettings, Origin, Outbound, Recorder};
use serde_json::Value;

use crate::cli;
use crate::failure::Failure;
use crate::gateway::{Ambient, SectionOverrides, section_of};
use crate::{logging, registry, sample, say, serve};

const SCENARIOS: [&str; 3] = ["create_ok", "create_wrong_key", "shipment_before_approval"];

/// Plays and writes. Nothing is written when a configured secret would be in the file.
pub async fn run(asked: cli::Record) -> Result<(), Failure> {
    let config = serve::load(&asked.file)?;
    logging::start(&config).map_err(Failure::Other)?;
    let unknown = || Failure::other(format!("no provider {}; there are: {}", asked.provider, registry::names()));
    let known = registry::registration(&asked.provider).ok_or_else(unknown)?;
    if !SCENARIOS.contains(&asked.scenario.as_str()) {
        let text = format!("no scenario {}; there are: {}", asked.scenario, SCENARIOS.join(", "));
        return Err(Failure::other(text));
    }
    let accounts = config.merchant.iter().flat_map(|merchant| &merchant.accounts);
    let found = accounts.into_iter().find(|account| account.provider == asked.provider && account.mode == Mode::Test);
    let fields = found.map(|account| account.fields.clone()).ok_or_else(|| {
        Failure::other(format!(
            "name the sandbox account in [merchant.accounts.{}.test] and a merchant.name",
            asked.provider
        ))
    })?;
    let section = section_of(&config, &known, &SectionOverrides::new())?;
    let ambient = Ambient::system();
    let date = ambient.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let origin = Origin::Recorded { date, against: against(&section) };
    let path = asked
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("providers/{}/cassettes/{}.json", asked.provider, asked.scenario)));
    let secrets = known.descriptor.account_fields.iter().filter(|field| field.secret);
    let secrets = secrets.filter_map(|field| fields.get(field.name).cloned()).collect();
    let recorder = Recorder::new(&path, &asked.provider, &asked.scenario, origin, known.recording, secrets)
        .map_err(|error| Failure::other(error.to_string()))?;
    let shared = recorder.clone();
    let transport = move |settings: ClientSettings| Outbound::recording(settings, shared.clone());
    let provider = (known.build)(&section, &transport).map_err(|error| Failure::other(error.to_string()))?;

    play(&provider, known.descriptor, &asked.scenario, fields, &ambient).await?;
    recorder.finish().map_err(|error| Failure::other(format!("nothing written: {error}")))?;
    say::line(&format!("wrote {}", path.display()));
    Ok(())
}

/// An address of this machine is a simulator; anything else is taken for the provider's sandbox.
fn against(section: &Value) -> Against {
    let local = |url: &str| {
        url.starts_with("http://127.") || url.starts_with("http://localhost") || url.starts_with("http://[::1]")
    };
    let values = section.as_object().into_iter().flat_map(|section| section.values());
    if values.filter_map(Value::as_str).any(local) { Against::Simulator } else { Against::Sandbox }
}

async fn play(
    provider: &Arc<dyn FinancingProvider>,
    descriptor: &Descriptor,
    scenario: &str,
    mut fields: BTreeMap<String, Secret<String>>,
    ambient: &Ambient,
) -> Result<(), Failure> {
    if scenario == "create_wrong_key" {
        for field in descriptor.account_fields.iter().filter(|field| field.secret && field.required) {
            fields.insert(field.name.to_owned(), Secret::from("not-the-password"));
        }
    }
    let account = AccountSettings::new(fields, descriptor.account_fields, &lendport_core::Pointer::root())
        .map_err(|invalid| Failure::other(format!("the account: {invalid}")))?;
    let calls = CallLog::new();
    let context = CallContext { account: &account, mode: Mode::Test, now: ambient.clock.now(), calls: &calls };
    let (checkout, mut attempt) = sample::checkout(descriptor.id, ambient)?;
    let callback_url = Secret::from("https://gateway.example/callbacks/recording/no-such-token");
    let request = CreateRequest {
        checkout: &checkout,
        attempt: &attempt,
        callback_url: &callback_url,
        hints: CascadeHints::FIRST,
    };
    match (scenario, provider.create(context, request).await) {
        ("create_wrong_key", Err(error)) => say::line(&format!("refused, as it should be: {error}")),
        ("create_wrong_key", Ok(_)) => return Err(Failure::other("a wrong key was accepted; nothing written")),
        (_, Err(error)) => return Err(Failure::other(format!("create failed, nothing written: {error}"))),
        ("create_ok", Ok(_)) => say::line("created"),
        (_, Ok(created)) => {
            attempt.reference = Some(created.reference);
            let told = provider.confirm_shipment(context, &checkout, &attempt, &shipped()).await;
            say::line(&told.map_or_else(|error| format!("refused: {error}"), |_| "accepted".to_owned()));
        }
    }
    Ok(())
}

fn shipped() -> Shipment {
    Shipment {
        status: ShipmentStatus::Shipped,
        carrier: Some("UPS".to_owned()),
        service: None,
        tracking_number: Some("1Z999AA10123456784".to_owned()),
        tracking_url: None,
        shipped_on: None,
        expected_on: None,
        message: None,
        lines: Vec::new(),
    }
}
