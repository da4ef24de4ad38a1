//! `vault`: the keys that data at rest is sealed with. Everything here may be done while gateways run.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use lendport_core::Actor;
use lendport_storage::keys::{ColumnCount, KeyReport, SealedWith, values_of};
use lendport_storage::{Keeper, Keys, Progress, reencrypt as seal_anew};

use crate::cli::VaultCommand;
use crate::config::Config;
use crate::failure::Failure;
use crate::gateway::Ambient;
use crate::{database, logging, say, serve};

/// Between two looks whether a data key is in use by now.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Values between two lines of progress.
const TELL_EVERY: u64 = 10_000;

/// Does what was asked for.
pub async fn run(asked: VaultCommand) -> Result<(), Failure> {
    let (VaultCommand::Status(file)
    | VaultCommand::Rewrap(file)
    | VaultCommand::NewDataKey(file)
    | VaultCommand::Reencrypt(file)) = &asked;
    let config = serve::load(file)?;
    logging::start(&config).map_err(Failure::Other)?;
    let keys = database::keys(&config)?;
    keys.check().await?;
    let ambient = Ambient::system();
    let by = Keeper { actor: Actor::CommandLine, ids: ambient.ids.as_ref(), clock: ambient.clock.as_ref() };
    match asked {
        VaultCommand::Status(_) => status(keys.as_ref(), &config).await,
        VaultCommand::Rewrap(_) => rewrap(keys.as_ref(), by).await,
        VaultCommand::NewDataKey(_) => new_data_key(keys.as_ref(), by).await,
        VaultCommand::Reencrypt(_) => reencrypt(keys.as_ref(), by).await,
    }
}

async fn status(keys: &dyn Keys, config: &Config) -> Result<(), Failure> {
    let report = keys.report().await?;
    let counts = keys.count().await?;
    for line in status_lines(&report, &counts, config.security.key_age_warning_days) {
        say::line(&line);
    }
    Ok(())
}

/// What `status` prints.
fn status_lines(report: &KeyReport, counts: &[ColumnCount], days: u32) -> Vec<String> {
    let mut lines = vec!["encryption keys".to_owned()];
    let first_format = values_of(counts, SealedWith::Ring);
    for key in &report.ring {
        let state = match (key.newest, key.configured, key.keys > 0 || key.rows) {
            (true, ..) => "seals",
            (_, true, true) => "needed",
            (_, true, false) => "not needed any more",
            (_, false, _) => "not configured",
        };
        let rows = if key.rows { format!(", {first_format} rows of the first format") } else { String::new() };
        let seen = key.first_seen.map_or("never used".to_owned(), |since| age(report.now, since));
        lines.push(format!("  {}  {state}, {seen}, data keys: {}{rows}", key.id, key.keys));
    }
    lines.push("data keys".to_owned());
    for key in &report.data {
        let state = match (key.sealing, key.active_from > report.now) {
            (true, _) => "seals".to_owned(),
            (_, true) => format!("seals from {}", to_the_second(key.active_from)),
            _ => "opens".to_owned(),
        };
        let rows = values_of(counts, SealedWith::Data(key.id));
        let made = age(report.now, key.created_at);
        lines.push(format!("  {}  {state}, {made}, under {}, rows: {rows}", key.id, key.ring_key));
    }
    lines.push(format!("rows of the first format: {first_format}"));
    for column in counts {
        let of_ring = values_of(std::slice::from_ref(column), SealedWith::Ring);
        if of_ring > 0 {
            lines.push(format!("  {}: {of_ring}", column.column));
        }
    }
    let damaged = values_of(counts, SealedWith::Nothing);
    if damaged > 0 {
        lines.push(format!("damaged values: {damaged}"));
    }
    lines.extend(report.too_old(days).into_iter().map(|told| format!("warning: {told}")));
    lines
}

fn age(now: Timestamp, since: Timestamp) -> String {
    format!("{} days old", now.duration_since(since).as_hours().max(0) / 24)
}

fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

async fn rewrap(keys: &dyn Keys, by: Keeper<'_>) -> Result<(), Failure> {
    let changed = keys.rewrap(by).await?;
    let report = keys.report().await?;
    let newest = report.ring.iter().find(|key| key.newest).map(|key| key.id.to_string()).unwrap_or_default();
    say::line(&format!("sealed {changed} data keys with encryption key {newest}; all of them are now"));
    for key in report.ring.iter().filter(|key| !key.newest) {
        if key.rows {
            say::line(&format!("keep {}: it sealed rows of the first format; run `lendport vault reencrypt`", key.id));
        } else if key.configured {
            say::line(&format!(
                "{} is not needed any more: take it out of the configuration once every replica has {newest}",
                key.id
            ));
        }
    }
    Ok(())
}

async fn new_data_key(keys: &dyn Keys, by: Keeper<'_>) -> Result<(), Failure> {
    let (id, active_from) = keys.new_data_key(by).await?;
    say::line(&format!("made data key {id}; rows are sealed with it from {} on", to_the_second(active_from)));
    Ok(())
}

async fn reencrypt(keys: &dyn Keys, by: Keeper<'_>) -> Result<(), Failure> {
    wait_for_use(keys).await?;
    let every = if std::io::stdout().is_terminal() { TELL_EVERY / 10 } else { TELL_EVERY };
    let told = Mutex::new((String::new(), 0));
    let outcome = seal_anew(keys, by, &|progress: &Progress| {
        let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if progress.resealed > 0 && (told.0 != progress.column || progress.done >= told.1 + every) {
            *told = (progress.column.clone(), progress.done);
            say::line(&format!("{}: {} of {} values", progress.column, progress.done, progress.wanted));
        }
    })
    .await?;
    say::line(&format!("sealed {} values anew", outcome.resealed));
    for id in &outcome.finished.dropped {
        say::line(&format!("deleted data key {id}: no value needs it"));
    }
    if outcome.unreadable > 0 {
        say::line(&format!("{} values do not open and are as they were; the log names them", outcome.unreadable));
    }
    if outcome.left > outcome.unreadable {
        say::line(&format!(
            "{} values are left: some were being written, and stored answers of the first format go when they are old; \
             run it again later",
            outcome.left - outcome.unreadable
        ));
    }
    let report = keys.report().await?;
    let unused = |id| values_of(&outcome.finished.counts, SealedWith::Data(id)) == 0;
    for key in report.data.iter().filter(|key| !key.sealing && unused(key.id)) {
        say::line(&format!(
            "data key {} is not needed by any row; run it again when another one has been in use for a day, and it is \
             deleted",
            key.id
        ));
    }
    Ok(())
}

/// A data key that comes into use in minutes is waited for: rows would be sealed with the one before otherwise.
async fn wait_for_use(keys: &dyn Keys) -> Result<(), Failure> {
    let mut told = false;
    loop {
        let report = keys.report().await?;
        let Some(coming) = report.data.iter().find(|key| key.active_from > report.now) else { return Ok(()) };
        if !std::mem::replace(&mut told, true) {
            let from = to_the_second(coming.active_from);
            say::line(&format!("data key {} comes into use at {from}; waiting for it", coming.id));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
