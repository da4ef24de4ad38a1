//! The one address under which the replicas are reached: passes connections to any that lives.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::dice::Dice;

/// A balancer that listens.
pub(crate) struct Balancer {
    /// `HOST:PORT`.
    pub(crate) address: String,
    inner: Mutex<Inner>,
}

struct Inner {
    replicas: Vec<Option<String>>,
    dice: Dice,
}

impl Balancer {
    /// Listens on a free port for so many replicas, none of which lives yet.
    pub(crate) async fn start(replicas: usize, seed: u64, stop: CancellationToken) -> Result<Arc<Self>, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let balancer = Arc::new(Self {
            address: listener.local_addr()?.to_string(),
            inner: Mutex::new(Inner { replicas: vec![None; replicas], dice: Dice::new(seed, "balancer", 0) }),
        });
        let own = Arc::clone(&balancer);
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let (own, stop) = (Arc::clone(&own), stop.clone());
                tokio::spawn(async move { stop.run_until_cancelled(own.pass(stream)).await });
            }
        });
        Ok(balancer)
    }

    /// A replica listens here from now on, or nowhere.
    pub(crate) fn set(&self, replica: usize, address: Option<String>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = inner.replicas.get_mut(replica) {
            *place = address;
        }
    }

    /// True when a replica is reached.
    pub(crate) fn reaches(&self, replica: usize) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.replicas.get(replica).is_some_and(Option::is_some)
    }

    /// Those that live, one of them first by chance.
    fn candidates(&self) -> Vec<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut alive: Vec<String> = inner.replicas.iter().flatten().cloned().collect();
        let first = inner.dice.between(0, u64::MAX - 1);
        if let Some(turn) = usize::try_from(first % 64).ok().and_then(|turn| turn.checked_rem(alive.len())) {
            alive.rotate_left(turn);
        }
        alive
    }

    async fn pass(&self, mut client: TcpStream) {
        for address in self.candidates() {
            if let Ok(mut replica) = TcpStream::connect(&address).await {
                // However it ends, both connections end with it.
                _ = copy_bidirectional(&mut client, &mut replica).await;
                return;
            }
        }
    }
}
