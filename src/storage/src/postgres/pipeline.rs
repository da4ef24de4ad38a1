//! Statements that travel together: sent in order without waiting for each other's answers.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::{Error, Row};

use super::connection::{Db, Values};
use super::fault::Done;

/// One statement on the way.
pub(crate) enum Step<'a> {
    /// Without values, such as `BEGIN`.
    Bare(&'static str),
    /// Prepared once per connection.
    With(&'a str, Values<'a>),
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'a>>;

/// Sends everything at once; answers the rows of each step, or the first error in their order. The server works them off
/// one after the other, and inside a transaction none after the first that fails.
pub(crate) async fn run(db: &Db, steps: &[Step<'_>]) -> Done<Vec<Vec<Row>>> {
    // Everything is prepared before anything is sent: a statement that had to be prepared in between would arrive late.
    let mut prepared = Vec::with_capacity(steps.len());
    for step in steps {
        prepared.push(match step {
            Step::Bare(_) => None,
            Step::With(sql, _) => Some(db.prepare_cached(sql).await?),
        });
    }
    let answers = steps.iter().zip(&prepared).map(|(step, statement)| -> Answer<'_> {
        match (step, statement) {
            (Step::With(_, values), Some(statement)) => Box::pin(db.query(statement, values)),
            (Step::Bare(sql) | Step::With(sql, _), _) => {
                Box::pin(async move { db.batch_execute(sql).await.map(|()| Vec::new()) })
            }
        }
    });
    let answers = in_order(answers.collect()).await;
    answers.into_iter().map(|answer| Ok(answer?)).collect()
}

/// Waits for all of them. Each sends its statement when it is asked for the first time, and that happens in their order.
async fn in_order<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(move |context| {
        let mut waiting = false;
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *answer = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(answers.drain(..).flatten().collect()) }
    })
    .await
}
