//! A tiny upstream: answers every request with the documented create reply and keeps the callback address it was given.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::Fault;
use crate::sample::TOTAL;
use crate::wire::{Connection, quoted};

/// A request the upstream took in.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    /// Its own id for it.
    pub(crate) reference: String,
    /// Where it shall tell what became of it.
    pub(crate) postback_url: String,
    /// The gateway's checkout it is for.
    pub(crate) checkout: String,
}

/// Lives in the process of the load client, so that no server is charged for it.
#[derive(Clone)]
pub(crate) struct Upstream {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    taken: Arc<Mutex<Vec<Accepted>>>,
    /// Milliseconds before each answer.
    delay_ms: Arc<AtomicU64>,
}

impl Upstream {
    /// Starts answering, at once until told otherwise.
    pub(crate) async fn start() -> Result<Self, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let upstream = Self { url, taken: Arc::default(), delay_ms: Arc::default() };
        let (count, own) = (Arc::new(AtomicU64::new(0)), upstream.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, own) = (Arc::clone(&count), own.clone());
                tokio::spawn(async move {
                    // A server that stops resets its connections; nothing is lost by that.
                    _ = own.answer(stream, &count).await;
                });
            }
        });
        Ok(upstream)
    }

    /// From now on each answer waits so long.
    pub(crate) fn set_delay(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// What was taken in since the last call.
    pub(crate) fn take(&self) -> Vec<Accepted> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, stream: TcpStream, count: &AtomicU64) -> Result<(), Fault> {
        let mut connection = Connection::over(stream);
        while let Some(request) = connection.read().await? {
            let reference = format!("{:032x}", count.fetch_add(1, Ordering::Relaxed));
            if let Some(url) = quoted(&request.body, r#""postback_url":""#) {
                // `chk_…-1`: the checkout and the number of its attempt.
                let order = quoted(&request.body, r#""merchant_transaction_id":""#).unwrap_or_default();
                let checkout = order.split('-').next().unwrap_or_default().to_owned();
                let accepted = Accepted { reference: reference.clone(), postback_url: url.to_owned(), checkout };
                self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(accepted);
            }
            let delay = Duration::from_millis(self.delay_ms.load(Ordering::Relaxed));
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let body = format!(
                r#"{{"inv_id":"{reference}","href":"https://partner.sandbox.wegetfinancing.com/partner.sandbox/lc/info/{reference}","amount":"{TOTAL}"}}"#
            );
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            connection.write(format!("{head}{body}").as_bytes()).await?;
        }
        Ok(())
    }
}
