//! Who is told that there is work: the worker of this process at once, those of other processes through the database.
//!
//! `NOTIFY` holds a lock of the whole server while its transaction commits, so that only one such commit reaches the disk
//! at a time. It is therefore sent by itself after the commit it tells of, and many are sent as one. A process that dies
//! in between, or a line that breaks, costs no delivery: workers look for work by themselves as well.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use super::fault::{Done, Failure};
use super::settings::PostgresSettings;
use super::tls::{self, Trust};
use crate::error::StoreError;

const LISTEN: &str = "LISTEN lendport_deliveries";
const NOTIFY: &str = "NOTIFY lendport_deliveries";
/// Between two messages of this process.
const REST: Duration = Duration::from_millis(10);
/// Before a connection that broke is made again.
const PAUSE: Duration = Duration::from_millis(500);

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
pub(crate) fn start(settings: &PostgresSettings, wakeups: &Arc<Wakeups>) -> Done<JoinSet<()>> {
    let (config, trust) = settings.parsed()?;
    let (mut tasks, wakeups) = (JoinSet::new(), Arc::clone(wakeups));
    match trust {
        Trust::InTheClear => tasks.spawn(run(config, NoTls, wakeups)),
        trust => tasks.spawn(run(config, tls::connector(&trust)?, wakeups)),
    };
    Ok(tasks)
}

async fn run<T>(config: Config, tls: T, wakeups: Arc<Wakeups>)
where
    T: MakeTlsConnect<Socket> + Clone + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    let mut known_broken = false;
    loop {
        let Err(failure) = pass_on(&config, tls.clone(), &wakeups, &mut known_broken).await;
        if !known_broken {
            known_broken = true;
            let error = StoreError::from(failure);
            tracing::warn!(%error, "no news from other processes for now; work is looked for without them");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens and tells until the connection breaks.
async fn pass_on<T>(
    config: &Config,
    tls: T,
    wakeups: &Wakeups,
    known_broken: &mut bool,
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
    let here = listen(&client).await?;
    *known_broken = false;
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
        }
    }
}

/// Answers the server's number of this connection, which its own messages carry.
async fn listen(client: &Client) -> Done<i32> {
    client.batch_execute(LISTEN).await?;
    Ok(client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?)
}
