//! What is measured: servers, loads, and how long.

use std::path::PathBuf;
use std::time::Duration;

use crate::Fault;
use crate::arguments::Arguments;

/// Who is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The upstream itself: what a call costs with nobody between.
    Direct,
    /// Bare axum and the upstream call.
    Floor,
    /// The same with the least correct durable work.
    DurableFloor,
    /// The gateway with so many checkouts stored.
    Gateway(u64),
}

impl Subject {
    /// For tables.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Direct => "upstream alone".to_owned(),
            Self::Floor => "floor, nothing stored".to_owned(),
            Self::DurableFloor => "floor, durable".to_owned(),
            Self::Gateway(stored) => format!("gateway, {stored} stored"),
        }
    }

    /// The loads it can take.
    pub(crate) fn loads(self) -> &'static [Load] {
        match self {
            Self::Direct | Self::Floor => &[Load::Create],
            // Creates come before postbacks, which use them up.
            Self::DurableFloor => &[Load::Create, Load::Callback, Load::CallbackTwice],
            Self::Gateway(_) => &[Load::Read, Load::List, Load::Create, Load::Callback, Load::CallbackTwice],
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Load {
    /// A new checkout.
    Create,
    /// Signed postbacks, each once.
    Callback,
    /// Signed postbacks, each twice.
    CallbackTwice,
    /// One checkout.
    Read,
    /// The first page of the list.
    List,
}

impl Load {
    pub(crate) const ALL: [Self; 5] = [Self::Create, Self::Callback, Self::CallbackTwice, Self::Read, Self::List];

    /// For tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Callback => "callback",
            Self::CallbackTwice => "callback, 50 % repeated",
            Self::Read => "read one",
            Self::List => "first list page",
        }
    }
}

/// A run.
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) cell: Duration,
    pub(crate) connections: Vec<usize>,
    pub(crate) stored: Vec<u64>,
    pub(crate) upstream_delay: Duration,
    pub(crate) quiet: bool,
    /// Without one nothing is written.
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) folder: Option<PathBuf>,
}

impl Plan {
    /// The run that the command line asks for.
    pub(crate) fn of(asked: &Arguments) -> Result<Self, Fault> {
        let quick = asked.quick;
        let plan = Self {
            rounds: asked.rounds.unwrap_or(if quick { 2 } else { 5 }),
            cell: Duration::from_millis(asked.cell_ms.unwrap_or(if quick { 400 } else { 1_000 })),
            connections: asked.connections.clone().unwrap_or(if quick { vec![1, 64] } else { vec![1, 16, 64] }),
            stored: asked.stored.clone().unwrap_or(if quick { vec![1_000] } else { vec![1_000, 100_000] }),
            upstream_delay: Duration::from_millis(asked.upstream_ms),
            quiet: asked.quiet,
            name: asked.name.clone().or((!quick).then(|| "run".to_owned())),
            note: asked.note.clone(),
            folder: asked.folder.clone(),
        };
        let usable = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !plan.name.as_deref().is_none_or(usable) {
            return Err("--name is part of a file name: letters, digits, - and _".into());
        }
        if plan.rounds == 0 || plan.connections.is_empty() || plan.connections.contains(&0) || plan.stored.contains(&0)
        {
            return Err("rounds, connections and stored checkouts are at least 1".into());
        }
        Ok(plan)
    }

    /// Everybody, in the order of this round: every second one goes backwards, so that nobody is always first.
    pub(crate) fn subjects(&self, round: usize) -> Vec<Subject> {
        let mut all = vec![Subject::Direct, Subject::Floor, Subject::DurableFloor];
        all.extend(self.stored.iter().map(|stored| Subject::Gateway(*stored)));
        if round % 2 == 1 {
            all.reverse();
        }
        all
    }
}
