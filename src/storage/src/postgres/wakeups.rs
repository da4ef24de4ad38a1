//! Who is told that there is work: the worker of this process at once, those of other processes through the database.
//!
//! `NOTIFY` holds a lock of the whole server while its transaction commits, so that only one such commit reaches the disk
//! at a time. It is therefore sent by itself after the commit it tells of, and many are sent as one. A process that dies
//! in between, or a line that breaks, costs no delivery: workers look for work by themselves as well. By the same line
//! others see that this process lives, see `presence.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use super::fault::{Done, Failure};
use super::presence::{self, AFTER_LOSS, LOOK_EVERY, Watch};
use super::session::Session;
use super::settings::PostgresSettings;
use super::tls::{self, Trust};
use crate::error::StoreError;

const LISTEN: &str = "LISTEN lendport_deliveries";
const NOTIFY: &str = "NOTIFY lendport_deliveries";
/// Between two messages of this process.
const REST: Duration = Duration::from_millis(10);
/// Before a connection that just broke is made again: while there is none, others think that this process died.
const SOON: Duration = Duration::from_millis(20);
/// Before that is tried once more.
const PAUSE: Duration = Duration::from_millis(200);

/// How the server lists this line.
const NAME: &str = "lendport news";

/// How the line to the server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// There was none yet.
    New,
    Stands,
    /// It broke, or could not be made.
    Broken,
}

/// Wakes workers.
#[derive(Default)]
pub(crate) struct Wakeups {
    work: Notify,
    elsewhere: Notify,
}

impl Wakeups {
    /// There may be work, for this process and for others.
    pub(crate) fn tell(&self) {
        self.work.notify_one();
        self.elsewhere.notify_one();
    }

    /// There may be work for this process; the others have no use for the news.
    pub(crate) fn tell_here(&self) {
        self.work.notify_one();
    }

    /// Completes when there may be work.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }
}

/// Passes news on between this process and others, for as long as the answer is kept.
pub(crate) fn start(settings: &PostgresSettings, session: &Arc<Session>) -> Done<JoinSet<()>> {
    let (mut config, trust) = settings.parsed()?;
    config.application_name(NAME);
    let (mut tasks, session) = (JoinSet::new(), Arc::clone(session));
    match trust {
        Trust::InTheClear => tasks.spawn(run(config, NoTls, session)),
        trust => tasks.spawn(run(config, tls::connector(&trust)?, session)),
    };
    Ok(tasks)
}

async fn run<T>(config: Config, tls: T, session: Arc<Session>)
where
    T: MakeTlsConnect<Socket> + Clone + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    let mut line = Line::New;
    loop {
        let Err(failure) = pass_on(&config, tls.clone(), &session, &mut line).await;
        session.presence.lost();
        let just_broken = line != Line::Broken;
        if just_broken {
            let error = StoreError::from(failure);
            tracing::warn!(%error, "no line to other processes for now; nothing is taken from the queue without one");
        }
        line = Line::Broken;
        tokio::time::sleep(if just_broken { SOON } else { PAUSE }).await;
    }
}

/// Listens and tells until the connection breaks.
async fn pass_on<T>(
    config: &Config,
    tls: T,
    session: &Arc<Session>,
    line: &mut Line,
) -> Result<std::convert::Infallible, Failure>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, mut connection) = config.connect(tls).await?;
    let (news, mut heard) = mpsc::unbounded_channel();
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Ends with the connection.
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(message) = message {
                let _ = news.send(message.process_id());
            }
        }
    });
    let (wakeups, presence) = (&session.wakeups, &session.presence);
    let mut watch = Watch::over(&client, presence);
    watch.take_up().await?;
    let here = listen(&client).await?;
    let first_look = if *line == Line::New { Instant::now() } else { Instant::now() + AFTER_LOSS };
    let mut looks = interval_at(first_look, LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut burials = JoinSet::new();
    *line = Line::Stands;
    // Whatever was told while nobody listened.
    wakeups.work.notify_one();
    loop {
        tokio::select! {
            sender = heard.recv() => match sender {
                Some(sender) if sender == here => {}
                Some(_) => wakeups.work.notify_one(),
                None => return Err(Failure::unavailable("the connection ended")),
            },
            () = wakeups.elsewhere.notified() => {
                client.batch_execute(NOTIFY).await?;
                tokio::time::sleep(REST).await;
            }
            () = presence.wanted() => watch.take_up().await?,
            _ = looks.tick() => {
                while burials.try_join_next().is_some() {}
                for name in watch.look().await? {
                    burials.spawn(bury(Arc::clone(session), name));
                }
            }
        }
    }
}

/// Frees what a dead process had in hand. When that fails, a later look finds it again.
async fn bury(session: Arc<Session>, name: String) {
    let name = &name;
    match session.repeatable(|db| async move { presence::bury(&db, name).await }).await {
        Ok(0) => {}
        Ok(freed) => {
            tracing::info!(process = %name, freed, "a process ended with deliveries in hand; they are sent by others");
            session.wakeups.tell();
        }
        Err(error) => tracing::warn!(process = %name, %error, "what a dead process had in hand waits for now"),
    }
}

/// Answers the server's number of this connection, which its own messages carry.
async fn listen(client: &Client) -> Done<i32> {
    client.batch_execute(LISTEN).await?;
    Ok(client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?)
}
