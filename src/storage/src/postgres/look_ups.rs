//! Callback addresses that are looked up at the same time are asked for in one statement. Each question is asked after it
//! came, so an answer is never older than it would be by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::ProviderId;
use tokio::sync::oneshot;

use super::cell::digest;
use super::locate;
use super::session::Session;
use crate::error::StoreError;
use crate::store::Addressee;

/// Statements at once.
const ASKERS: usize = 2;
/// Addresses in one statement.
const TOGETHER: usize = 64;

/// Asks for addresses.
#[derive(Default)]
pub(crate) struct LookUps(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    askers: usize,
}

struct Waiting {
    provider: ProviderId,
    digest: Vec<u8>,
    reply: oneshot::Sender<Result<Option<Addressee>, StoreError>>,
}

impl LookUps {
    /// The attempt whose callback address this is.
    pub(crate) async fn callback(
        self: &Arc<Self>,
        session: &Arc<Session>,
        provider: &ProviderId,
        wanted: &str,
    ) -> Result<Option<Addressee>, StoreError> {
        let Some(digest) = digest(wanted) else { return Ok(None) };
        let (reply, answer) = oneshot::channel();
        {
            let mut queue = self.queue();
            queue.waiting.push(Waiting { provider: provider.clone(), digest, reply });
            if queue.askers < ASKERS {
                queue.askers += 1;
                tokio::spawn(Arc::clone(self).ask(Arc::clone(session)));
            }
        }
        answer.await.map_err(|_| StoreError::Unavailable("a question was dropped".to_owned()))?
    }

    async fn ask(self: Arc<Self>, session: Arc<Session>) {
        while let Some(asked) = self.take() {
            let keys: Vec<(&[u8], &str)> =
                asked.iter().map(|one| (one.digest.as_slice(), one.provider.as_str())).collect();
            let keys = &keys;
            let found = session.repeatable(|db| async move { locate::callbacks(&db, keys).await }).await;
            let answers: Vec<Result<Option<Addressee>, StoreError>> = match found {
                Ok(answers) => answers,
                Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
            };
            for (one, answer) in asked.into_iter().zip(answers) {
                // Whoever gave up is not told.
                let _ = one.reply.send(answer);
            }
        }
    }

    /// What is asked next; none ends the task.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.askers -= 1;
            return None;
        }
        let share = queue.waiting.len().min(TOGETHER);
        Some(queue.waiting.drain(..share).collect())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
