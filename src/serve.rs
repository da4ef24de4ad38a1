//! `serve`, and the small commands around running: `migrate`, `config check`.

use crate::cli;
use crate::config::{Config, process_env};
use crate::failure::Failure;
use crate::gateway::{Ambient, Gateway, SectionOverrides, bind};
use crate::{database, logging, registry, say};

/// Runs the gateway for real shops until it is told to stop.
pub async fn run(asked: cli::Serve) -> Result<(), Failure> {
    let config = load(&asked.file)?;
    logging::start(&config).map_err(Failure::Other)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    database::check_keys(&config).await?;
    let listener = bind(config.server.bind).await?;
    let gateway = Gateway::start(&config, &Ambient::system(), listener, &SectionOverrides::new()).await?;
    gateway.run_until_stopped().await
}

/// The configuration that a command runs with.
pub fn load(file: &cli::ConfigFile) -> Result<Config, Failure> {
    Ok(Config::load(file.config.as_deref(), process_env())?)
}

/// Brings the database to this version's form.
pub async fn migrate(asked: &cli::Migrate) -> Result<(), Failure> {
    let config = load(&asked.file)?;
    let done = database::migrate(&config).await?;
    if done.is_empty() {
        say::line("nothing to do: the database has this version's form");
    }
    for name in done {
        say::line(&format!("applied {name}"));
    }
    Ok(())
}

/// Checks the settings and prints those in force.
pub fn check_config(file: &cli::ConfigFile) -> Result<(), Failure> {
    let config = load(file)?;
    let wrong = registry::registrations()
        .iter()
        .flat_map(|known| config.account_errors(known.descriptor.id, known.descriptor.account_fields))
        .collect();
    crate::config::ConfigErrors::check(wrong)?;
    let public = |provider: &str, field: &str| {
        let fields = registry::registration(provider).map_or(&[][..], |known| known.descriptor.account_fields);
        fields.iter().any(|known| known.name == field && !known.secret)
    };
    say::line(&config.render_masked_with(&public));
    for warning in config.warnings() {
        say::line(&format!("# warning: {warning}"));
    }
    Ok(())
}
