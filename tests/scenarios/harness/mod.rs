//! A gateway in this process or as a program of its own, a merchant with an HTTP client, and the lender's side.

pub(crate) mod binary;
pub(crate) mod carts;
mod deliveries;
pub(crate) mod gateway;
pub(crate) mod merchant;
pub(crate) mod provider;
pub(crate) mod raw;
pub(crate) mod receiver;
mod shop;

use std::future::Future;
use std::time::Duration;

pub(crate) use binary::Binary;
#[cfg(feature = "sandbox")]
pub(crate) use gateway::lone_sandbox;
pub(crate) use gateway::{LoneSimulator, ServedGateway, TestGateway, postgres_url};
pub(crate) use merchant::{Answer, Merchant, fresh};
pub(crate) use provider::{Lender, Loan, signature};
pub(crate) use receiver::Receiver;
pub(crate) use shop::Shop;

/// How long anything that comes by itself may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a merchant's server may take to answer: tests that keep one waiting let it go long before, on a busy machine
/// too.
pub(crate) const DELIVERY_LIMIT_MS: u64 = 60_000;

/// Looks again and again until `look` finds something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs all at the same time.
pub(crate) async fn together<T: Send + 'static>(
    all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let running: Vec<_> = all.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::with_capacity(running.len());
    for task in running {
        done.push(task.await.unwrap());
    }
    done
}
