//! One run: start everything, let it go on while the killer works, let it come to rest, judge.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lendport::gateway::Ambient;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::arguments::{Arguments, DatabaseKind, Played};
use crate::balancer::Balancer;
use crate::book::Book;
use crate::database::Database;
use crate::downtime::Downtime;
use crate::financer::Financers;
use crate::gateway::{self, Program};
use crate::merchant::Merchant;
use crate::receiver::{Receiver, Surroundings};
use crate::verdict::{self, Verdict};
use crate::world::{Plan, World};
use crate::{Fault, endpoints, following, killer, report, say, settings, shop};

/// How long the first gateway may take.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Runs what the command line asks for and prints what came of it. True when nothing was lost and nothing doubled.
///
/// # Errors
/// When the driver itself could not do its work.
pub async fn run(asked: &Arguments) -> Result<bool, Fault> {
    let ambient = Ambient::system();
    let seed = asked.seed.unwrap_or_else(|| u64::try_from(ambient.clock.now().as_millisecond()).unwrap_or(0));
    let replicas = asked.replicas.unwrap_or(match asked.database {
        DatabaseKind::Sqlite => 1,
        DatabaseKind::Postgres => 2,
    });
    if asked.database == DatabaseKind::Sqlite && replicas != 1 {
        return Err("a database file belongs to one process: --replicas needs --database postgres".into());
    }
    let (database, provider) = (asked.database, asked.provider);
    say(&format!("chaos on {database:?} with {provider:?}: {} kills, {replicas} replica(s), seed {seed}", asked.kills));
    let folder = Folder::new(asked.folder.clone())?;
    let shoppers = asked.shoppers.unwrap_or(asked.provider.shoppers());
    let plan = Plan { seed, kills: asked.kills, shoppers, provider: asked.provider };
    let outcome = live(asked, plan, replicas, &ambient, &folder).await;
    let good = match &outcome {
        Ok(verdict) => {
            report::print(verdict);
            verdict.violations.is_empty()
        }
        Err(_) => false,
    };
    if !good {
        say(&format!("seed {seed}; database, settings and logs are kept in {}", folder.keep().display()));
    }
    outcome.map(|_| good)
}

async fn live(
    asked: &Arguments,
    plan: Plan,
    replicas: usize,
    ambient: &Ambient,
    folder: &Folder,
) -> Result<Verdict, Fault> {
    // Dropped last: whatever goes wrong, nobody is left behind.
    let stop = CancellationToken::new();
    let _stopped_at_the_end = stop.clone().drop_guard();
    let database = Database::start(asked.database, folder.path()).await?;
    let financer = Financers::start(plan.provider, ambient, &stop).await?;
    let downtime = Arc::new(Downtime::default());
    let around = Surroundings {
        clock: Arc::clone(&ambient.clock),
        downtime: Arc::clone(&downtime),
        seed: plan.seed,
        stop: stop.clone(),
    };
    let all = Receiver::start("all", &[], around.clone()).await?;
    let orders = Receiver::start("orders", &["checkout.created", "checkout.ready_to_fulfill"], around).await?;
    let balancer = Balancer::start(replicas, plan.seed, stop.clone()).await?;
    let program = Program {
        path: asked.gateway.clone().map_or_else(std::env::current_exe, Ok)?,
        settings: settings::write(folder.path(), &database.url, &balancer.address, &financer)?,
        folder: folder.path().to_owned(),
    };
    let world = Arc::new(World {
        plan,
        clock: Arc::clone(&ambient.clock),
        book: Book::new(Instant::now()),
        merchant: Merchant::new(&balancer.address),
        financer,
        receivers: vec![all, orders],
        balancer,
        downtime,
        kills: AtomicU64::new(0),
        outages: AtomicU64::new(0),
        ends: Mutex::default(),
    });

    let replicas_end = CancellationToken::new();
    let mut kept = JoinSet::new();
    let mut kills = Vec::new();
    for number in 0..replicas {
        let (send, receive) = mpsc::channel(64);
        kills.push(send);
        kept.spawn(gateway::keep(Arc::clone(&world), program.clone(), number, receive, replicas_end.clone()));
    }
    tokio::time::timeout(START_LIMIT, endpoints::subscribe(&world)).await.map_err(|_| "no gateway started")??;
    if plan.provider == Played::Cascade {
        following::route(&world).await?;
    }

    let closing = CancellationToken::new();
    let next = Arc::new(AtomicU64::new(1));
    let mut shoppers = JoinSet::new();
    for _ in 0..plan.shoppers {
        shoppers.spawn(shop::shopper(Arc::clone(&world), Arc::clone(&next), closing.clone()));
    }
    killer::kill_all(&world, &database, &kills).await?;

    closing.cancel();
    world.financer.behave().await?;
    for receiver in &world.receivers {
        receiver.recover();
    }
    while let Some(ended) = shoppers.join_next().await {
        ended?;
    }
    say(&world.progress(plan.kills));
    let mut verdict = verdict::settle(&world).await?;
    replicas_end.cancel();
    while let Some(ended) = kept.join_next().await {
        if let Err(fault) = ended? {
            verdict.add(fault.to_string(), &[]);
        }
    }
    Ok(verdict)
}

/// Where a run keeps its files.
struct Folder {
    given: Option<PathBuf>,
    own: tempfile::TempDir,
}

impl Folder {
    fn new(given: Option<PathBuf>) -> Result<Self, Fault> {
        if let Some(path) = &given {
            std::fs::create_dir_all(path)?;
        }
        Ok(Self { given, own: tempfile::tempdir()? })
    }

    fn path(&self) -> &std::path::Path {
        self.given.as_deref().unwrap_or(self.own.path())
    }

    /// Leaves the files where they are.
    fn keep(self) -> PathBuf {
        match self.given {
            Some(given) => given,
            None => self.own.keep(),
        }
    }
}
