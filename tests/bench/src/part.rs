//! The parts of a run, and the loads they are made of.

/// A part of the run that can be asked for alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Closed loop of creates.
    Create,
    /// Closed loop of postbacks, and the mix with repeats.
    Callback,
    /// Closed loop of reads.
    Read,
    /// Closed loop of first list pages.
    List,
    /// Postbacks in, webhooks out.
    Delivery,
    /// Push to webhook at a fixed rate.
    Latency,
    /// Slow upstreams, many requests waiting.
    InFlight,
    /// Two processes on one PostgreSQL.
    Replicas,
    /// Memory, time to the first answer, disk.
    Start,
    /// Killed under load.
    Crash,
    /// Fifty endpoints of which five hang.
    Hanging,
}

impl Suite {
    /// Every part, in the order of the report.
    pub(crate) const ALL: [Self; 11] = [
        Self::Create,
        Self::Callback,
        Self::Read,
        Self::List,
        Self::Delivery,
        Self::Latency,
        Self::InFlight,
        Self::Replicas,
        Self::Start,
        Self::Crash,
        Self::Hanging,
    ];

    /// For the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Callback => "callback",
            Self::Read => "read",
            Self::List => "list",
            Self::Delivery => "delivery",
            Self::Latency => "latency",
            Self::InFlight => "in-flight",
            Self::Replicas => "replicas",
            Self::Start => "start",
            Self::Crash => "crash",
            Self::Hanging => "hanging",
        }
    }

    /// For `--help`.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::Create => "creates, closed loop",
            Self::Callback => "postbacks, and the same with every second one a repeat; closed loop",
            Self::Read => "reads of one checkout, closed loop",
            Self::List => "first list pages, closed loop",
            Self::Delivery => "postbacks in and webhooks out until the last one has arrived",
            Self::Latency => "from push sent to webhook received at 400 a second, open loop",
            Self::InFlight => "1,000 creates in flight at 50 ms, 5,000 at 1 s",
            Self::Replicas => "two processes on one PostgreSQL against one",
            Self::Start => "idle memory, start to first answer, disk per checkout",
            Self::Crash => "killed under load: time to ready, pending work",
            Self::Hanging => "fifty endpoints, five hang: lag of the others",
        }
    }
}

/// What is asked of a server in one cell.
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
    /// Postbacks in and webhooks out.
    Delivery,
    /// From push sent to webhook received, open loop.
    EndToEnd,
    /// Creates with an upstream of 50 ms.
    Waiting50ms,
    /// Creates with an upstream of 1 s.
    Waiting1s,
    /// Lag of 45 endpoints while five more are well.
    LagAllWell,
    /// Lag of the same 45 while those five hang.
    LagFiveHang,
    /// Creates, by one process or two.
    TwinCreate,
    /// Postbacks, by one process or two.
    TwinCallback,
}

impl Load {
    /// Every load, in the order of the report.
    pub(crate) const ALL: [Self; 13] = [
        Self::Create,
        Self::Callback,
        Self::CallbackTwice,
        Self::Read,
        Self::List,
        Self::Delivery,
        Self::EndToEnd,
        Self::Waiting50ms,
        Self::Waiting1s,
        Self::LagAllWell,
        Self::LagFiveHang,
        Self::TwinCreate,
        Self::TwinCallback,
    ];

    /// For tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Callback => "callback",
            Self::CallbackTwice => "callback, 50 % repeated",
            Self::Read => "read one",
            Self::List => "first list page",
            Self::Delivery => "events accepted and delivered",
            Self::EndToEnd => "push to webhook, open loop",
            Self::Waiting50ms => "create, upstream takes 50 ms",
            Self::Waiting1s => "create, upstream takes 1 s",
            Self::LagAllWell => "webhook lag, fifty endpoints",
            Self::LagFiveHang => "webhook lag of 45, five more hang",
            Self::TwinCreate => "create, one process or two",
            Self::TwinCallback => "callback, one process or two",
        }
    }

    /// The part of the run it belongs to, where it is a closed loop over an ordinary server.
    pub(crate) fn suite(self) -> Option<Suite> {
        match self {
            Self::Create => Some(Suite::Create),
            Self::Callback | Self::CallbackTwice => Some(Suite::Callback),
            Self::Read => Some(Suite::Read),
            Self::List => Some(Suite::List),
            _ => None,
        }
    }
}
