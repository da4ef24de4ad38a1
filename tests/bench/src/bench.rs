//! What every part of a run uses: servers on databases of their own, the upstream they call, and the book of results.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::call::{self, Supply};
use crate::child::Server;
use crate::compare::{Cell, Key, Results};
use crate::load::{self, Seen};
use crate::plan::Plan;
use crate::process::Process;
use crate::sample::SECRET_KEY;
use crate::sink::Sink;
use crate::statistics::percentile;
use crate::stock::{Place, Sharing, Stock};
use crate::subject::Subject;
use crate::upstream::{Accepted, Upstream};
use crate::wire::Connection;
use crate::{Fault, gateway, say};

/// Connections that make what a part needs before its clock starts.
const PREPARING: usize = 64;
/// Longer than any part prepares.
const PREPARING_LIMIT: Duration = Duration::from_secs(120);

/// A run under way.
pub(crate) struct Bench<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) upstream: Upstream,
    pub(crate) stock: Stock,
    pub(crate) binary: PathBuf,
    pub(crate) creates: Arc<AtomicU64>,
    pub(crate) results: Results,
}

/// One measured server: a process or two, and where they keep their data.
pub(crate) struct Running {
    pub(crate) subject: Subject,
    pub(crate) servers: Vec<Server>,
    pub(crate) place: Option<Place>,
}

impl Running {
    /// Where each process listens.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        self.servers.iter().map(|server| server.address.as_str()).collect()
    }

    /// Where the first process listens.
    pub(crate) fn address(&self) -> &str {
        self.servers.first().map_or("", |server| server.address.as_str())
    }

    fn processes(&self) -> impl Iterator<Item = Process> {
        self.servers.iter().map(|server| server.process)
    }

    /// Processor time so far, that of the database server included, in microseconds.
    fn cpu_us(&self) -> Result<u64, Fault> {
        let own = self.processes().map(Process::cpu_us).sum::<Result<u64, Fault>>()?;
        let database = self.place.as_ref().and_then(|place| place.server).map_or(Ok(0), Process::family_cpu_us)?;
        Ok(own + database)
    }

    /// A line of `/proc/PID/status` in kB, summed over the processes; not that of the database server, whose memory is
    /// mostly shared.
    pub(crate) fn memory_kb(&self, name: &str) -> Result<u64, Fault> {
        self.processes().map(|process| process.memory_kb(name)).sum()
    }
}

/// Processor time and memory at the beginning of a cell.
pub(crate) struct Meter {
    cpu_us: u64,
    resident_kb: u64,
}

impl Meter {
    pub(crate) fn start(running: &Running) -> Result<Self, Fault> {
        for process in running.processes() {
            process.reset_peak()?;
        }
        Ok(Self { cpu_us: running.cpu_us()?, resident_kb: running.memory_kb("VmRSS")? })
    }

    /// The cell: `requests` over `elapsed_us`, `wrong` of them, and their sorted latencies.
    pub(crate) fn cell(
        &self,
        running: &Running,
        requests: u64,
        wrong: u64,
        elapsed_us: u64,
        latencies_us: &[u64],
    ) -> Result<Cell, Fault> {
        if requests == 0 || requests == wrong {
            return Err(format!("{}: not one request came through", running.subject.name()).into());
        }
        let right = requests.saturating_sub(wrong);
        Ok(Cell {
            requests,
            wrong,
            per_second: (right * 1_000_000).checked_div(elapsed_us).unwrap_or(0),
            p50_us: percentile(latencies_us, 500),
            p99_us: percentile(latencies_us, 990),
            cpu_us: running.cpu_us()?.saturating_sub(self.cpu_us) / requests,
            resident_kb: self.resident_kb,
            peak_kb: running.memory_kb("VmHWM")?,
        })
    }
}

impl Bench<'_> {
    /// Starts a server on a fresh database; a floor tells `sink` of its events from the start on.
    pub(crate) async fn start(&self, subject: Subject, sink: Option<&Sink>) -> Result<Running, Fault> {
        self.start_on(subject, self.stock.place(subject, Sharing::Refused)?, sink).await
    }

    /// The same, and a large database may be one that others go on with.
    pub(crate) async fn start_sharing(&self, subject: Subject) -> Result<Running, Fault> {
        self.start_on(subject, self.stock.place(subject, Sharing::Allowed)?, None).await
    }

    async fn start_on(&self, subject: Subject, place: Option<Place>, sink: Option<&Sink>) -> Result<Running, Fault> {
        let mut servers = vec![self.process(subject, place.as_ref(), sink).await?];
        if matches!(subject, Subject::Pair(_)) {
            servers.push(self.process(subject, place.as_ref(), sink).await?);
        }
        Ok(Running { subject, servers, place })
    }

    /// Starts one process of it.
    pub(crate) async fn process(
        &self,
        subject: Subject,
        place: Option<&Place>,
        sink: Option<&Sink>,
    ) -> Result<Server, Fault> {
        let upstream = self.upstream.url.as_str();
        let storage_url = place.map(|place| place.url.as_str());
        match (subject.stored(), storage_url) {
            (Some(_), Some(url)) => gateway::start(&self.binary, url, upstream, self.plan.quiet).await,
            (_, url) => {
                let sink = sink.map(|sink| sink.url(0));
                let mut arguments = vec![upstream];
                arguments.extend(url.into_iter().flat_map(|url| ["--store", url]));
                arguments.extend(sink.iter().flat_map(|sink| ["--sink", sink.as_str()]));
                Server::floor(&arguments).await
            }
        }
    }

    /// Tells of a failure and goes on: it costs its numbers of this round, not half an hour of others.
    pub(crate) fn keep_going(&mut self, what: &str, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            let fault = format!("round {}, {what}: {fault}", self.results.round + 1);
            say(&fault);
            self.results.faults.push(fault);
        }
    }

    /// Stops a server and deletes its database.
    pub(crate) async fn stop(&self, running: Running) -> Result<(), Fault> {
        self.end(running).await?.map_or(Ok(()), |place| self.stock.remove(place))
    }

    /// Stops a server; its database is left.
    pub(crate) async fn end(&self, running: Running) -> Result<Option<Place>, Fault> {
        for server in running.servers {
            server.stop().await?;
        }
        self.upstream.take();
        Ok(running.place)
    }

    /// Kills a server and deletes its database.
    pub(crate) async fn abandon(&self, running: Running) -> Result<(), Fault> {
        for server in running.servers {
            server.kill().await?;
        }
        self.upstream.take();
        running.place.map_or(Ok(()), |place| self.stock.remove(place))
    }

    /// One closed loop, written into the book.
    pub(crate) async fn closed_loop(
        &mut self,
        running: &Running,
        key: Key,
        limit: Duration,
        supply: &Supply,
        expected: u16,
    ) -> Result<Seen, Fault> {
        let meter = Meter::start(running)?;
        let seen = load::run(&running.addresses(), key.connections, limit, supply, expected).await?;
        let cell = meter.cell(running, seen.requests(), seen.wrong, seen.elapsed_us, &seen.latencies_us)?;
        self.results.add(key, cell);
        Ok(seen)
    }

    /// Makes so many checkouts before the clock starts; answers what the upstream was told of them.
    pub(crate) async fn prepare(&self, running: &Running, count: u64) -> Result<Vec<Accepted>, Fault> {
        self.prepare_for(running, count, SECRET_KEY).await
    }

    /// Makes checkouts for so long, as warm-up and as a stock of postbacks.
    pub(crate) async fn warm_up(&self, running: &Running, limit: Duration) -> Result<(), Fault> {
        load::run(&running.addresses(), PREPARING, limit, &call::creates(&self.creates), 201).await.map(drop)
    }

    /// The same for the shop with this key.
    pub(crate) async fn prepare_for(
        &self,
        running: &Running,
        count: u64,
        secret_key: &str,
    ) -> Result<Vec<Accepted>, Fault> {
        self.upstream.take();
        let supply = call::at_most(count, call::creates_of(&self.creates, secret_key));
        let seen = load::run(&running.addresses(), PREPARING, PREPARING_LIMIT, &supply, 201).await?;
        if seen.wrong > 0 {
            say(&format!("{}: {} of {count} creates were refused", running.subject.name(), seen.wrong));
        }
        Ok(self.upstream.take())
    }

    /// Registers an address of the sink with a gateway; a floor knows it already.
    pub(crate) async fn register(
        &self,
        running: &Running,
        secret_key: &str,
        number: usize,
        url: &str,
    ) -> Result<(), Fault> {
        if running.subject.stored().is_none() {
            return Ok(());
        }
        let mut connection = Connection::open(running.address()).await?;
        let answer = connection.exchange(&call::endpoint(secret_key, number, url)).await?;
        if answer.status == 201 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(format!("the gateway takes no webhook endpoint ({}): {said}", answer.status).into())
    }
}
