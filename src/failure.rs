//! Why the program stopped, in words for the person who started it.

use std::io;
use std::path::Path;

use lendport_engine::EngineError;
use lendport_storage::StoreError;

use crate::config::ConfigErrors;

/// A failure to start or to run. Its text says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// Storage could not be opened or used.
    #[error("storage: {0}")]
    Store(#[from] StoreError),
    /// A use case failed while starting.
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// A file or a socket.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Anything else, with what to do about it.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// A failed file operation.
    pub fn file(what: &str, path: &Path, cause: io::Error) -> Self {
        Self::Io { what: format!("{what} {}", path.display()), cause }
    }

    /// A failed socket operation.
    pub fn socket(what: impl Into<String>, cause: io::Error) -> Self {
        Self::Io { what: what.into(), cause }
    }

    /// A sentence of our own.
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}
