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
}

/// Lives in the process of the load client, so that no server is charged for it.
#[derive(Clone)]
pub(crate) struct Upstream {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    taken: Arc<Mutex<Vec<Accepted>>>,
}

impl Upstream {
    /// Starts answering, each time after `delay`.
    pub(crate) async fn start(delay: Duration) -> Result<Self, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (count, kept) = (Arc::new(AtomicU64::new(0)), Arc::clone(&taken));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, kept) = (Arc::clone(&count), Arc::clone(&kept));
                tokio::spawn(async move {
                    // A server that stops resets its connections; nothing is lost by that.
                    _ = answer(stream, &count, &kept, delay).await;
                });
            }
        });
        Ok(Self { url, taken })
    }

    /// What was taken in since the last call.
    pub(crate) fn take(&self) -> Vec<Accepted> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(
    stream: TcpStream,
    count: &AtomicU64,
    taken: &Mutex<Vec<Accepted>>,
    delay: Duration,
) -> Result<(), Fault> {
    let mut connection = Connection::over(stream);
    while let Some(request) = connection.read().await? {
        let reference = format!("{:032x}", count.fetch_add(1, Ordering::Relaxed));
        if let Some(url) = quoted(&request.body, r#""postback_url":""#) {
            let accepted = Accepted { reference: reference.clone(), postback_url: url.to_owned() };
            taken.lock().unwrap_or_else(PoisonError::into_inner).push(accepted);
        }
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
