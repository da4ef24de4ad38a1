//! `lendport simulate`: one provider's simulator by itself, and what to do with it.

use std::collections::BTreeMap;

use lendport_core::Secret;
use lendport_outbound::{Registration, SimulatorRegistration};
use tokio_util::sync::CancellationToken;

use crate::cli::{self, Field};
use crate::config::{Config, process_env};
use crate::config_known::choose;
use crate::failure::Failure;
use crate::gateway::{Ambient, stop_signal};
use crate::simulators::{self, Running, Setup};
use crate::{logging, registry, say};

/// Runs it until it is told to stop, or fails.
pub async fn run(asked: cli::Simulate) -> Result<(), Failure> {
    let config = Config::load(None, process_env())?;
    logging::start(&config).map_err(Failure::Other)?;
    let unknown = || Failure::other(format!("no provider {}; there are: {}", asked.provider, registry::names()));
    let known = registry::registration(&asked.provider).ok_or_else(unknown)?;
    let account = account(&known, asked.fields())?;
    let configured = u64::try_from(config.simulator.resend_interval().as_millis()).unwrap_or(u64::MAX);
    let stop = CancellationToken::new();
    let setup = Setup {
        bind: asked.bind,
        resend_interval_ms: asked.resend_interval_ms.unwrap_or(configured),
        account,
        ambient: &Ambient::system(),
        stop: &stop,
    };
    let simulator = simulators::start(&known, setup).await?;
    for line in said(&simulator) {
        say::line(&line);
    }
    let mut stopped = Box::pin(simulator.stopped());
    tokio::select! {
        // One that ends by itself has something to say.
        ended = &mut stopped => return ended,
        () = stop_signal() => stop.cancel(),
    }
    stopped.await
}

/// The fields given, held against those that this simulator's account has.
fn account(known: &Registration, given: Vec<Field>) -> Result<BTreeMap<String, Secret<String>>, Failure> {
    let provider = known.descriptor.id;
    let names = known.simulator.map_or(&[][..], |simulator: SimulatorRegistration| simulator.account);
    let mut account = BTreeMap::new();
    for Field { name, value } in given {
        if !names.iter().any(|(known, _)| *known == name) {
            let help = choose(&name, names.iter().map(|(known, _)| *known));
            return Err(Failure::other(format!("the simulator of {provider} has no account field {name}; {help}")));
        }
        let field = known.descriptor.account_fields.iter().find(|field| field.name == name);
        if let Some(Err((_, detail))) = field.map(|field| field.judge(value.expose())) {
            return Err(Failure::other(format!("{name} of {provider} has no such value: {detail}")));
        }
        if account.insert(name.clone(), value).is_some() {
            return Err(Failure::other(format!("{name} of {provider} was given twice")));
        }
    }
    Ok(account)
}

/// Where it is, and the settings that lead a gateway there.
fn said(simulator: &Running) -> Vec<String> {
    let Running { provider, url, account, registration, .. } = simulator;
    let mut lines = vec![
        format!("Simulator of {provider} at {url}   (control: {url}/_sim/)"),
        String::new(),
        "Settings that lead `lendport serve` to it in test mode; `lendport dev` has one of its own:".to_owned(),
        String::new(),
        format!("[providers.{provider}]"),
        "enabled = true".to_owned(),
    ];
    let assigned = |name: &str, value: &str| format!("{name} = {}", toml::Value::from(value));
    lines.extend(registration.section_keys.iter().map(|key| assigned(key, url)));
    lines.extend([String::new(), format!("[merchant.accounts.{provider}.test]")]);
    // Credentials of a simulator are made up, and whoever started it needs them.
    lines.extend(account.iter().map(|(name, value)| assigned(name, value.expose())));
    lines
}

#[cfg(all(feature = "sandbox", feature = "simulator"))]
#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(fields: &[(&str, &str)]) -> Result<BTreeMap<String, Secret<String>>, String> {
        let known = registry::registration("sandbox").unwrap();
        let field = |(name, value): &(&str, &str)| Field { name: (*name).to_owned(), value: Secret::from(*value) };
        account(&known, fields.iter().map(field).collect()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn fields_that_it_has_are_taken_and_others_are_answered_with_those() {
        let taken = sandbox(&[("api_key", "a"), ("push_secret", "b")]).unwrap();
        assert_eq!(taken.keys().collect::<Vec<_>>(), ["api_key", "push_secret"]);
        for (given, parts) in [
            (&[("apikey", "a")][..], &["no account field apikey", "did you mean `api_key`?"][..]),
            (&[("username", "shop")], &["no account field username", "choose from api_key, push_secret"]),
            (&[("api_key", "hunter2"), ("api_key", "hunter2")], &["api_key of sandbox was given twice"]),
        ] {
            let said = sandbox(given).unwrap_err();
            for part in parts {
                assert!(said.contains(part), "{part:?} is not in: {said}");
            }
            assert!(!said.contains("hunter2"));
        }
    }
}
