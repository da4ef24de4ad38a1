//! Where log lines go and which are written.

use std::io::IsTerminal as _;

use lendport_outbound::QUIET_TARGETS;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts logging to standard error. Call once. Libraries that would name hosts or frames stay at `warn`.
///
/// # Errors
/// A sentence when the filter in `log.level` cannot be read.
pub(crate) fn start(config: &Config) -> Result<(), String> {
    let mut filter = EnvFilter::try_new(&config.log.level).map_err(|error| format!("log.level: {error}"))?;
    for target in QUIET_TARGETS {
        let quiet = format!("{target}=warn").parse().map_err(|error| format!("log.level: {error}"))?;
        filter = filter.add_directive(quiet);
    }
    let coloured = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(coloured);
    let started = match config.log.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        // The innermost span says which request it is; a list of all of them would say it twice a line.
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| error.to_string())
}
