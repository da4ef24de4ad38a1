//! Faults that tests have asked for and that wait for their calls.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::reply::Reply;

/// Faults that may wait at one time.
const MAX: usize = 1_000;

/// A fault that waits for the next calls of one endpoint.
pub trait Waits: Clone + Serialize {
    /// What a simulator calls its endpoints.
    type Endpoint: PartialEq;

    /// The endpoint.
    fn on(&self) -> Self::Endpoint;

    /// Calls it is still good for.
    fn times(&mut self) -> &mut u32;
}

/// The faults of one simulator, in the order in which they were asked for.
#[derive(Debug)]
pub struct Faults<F>(Vec<F>);

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Waits> Faults<F> {
    /// The first one that waits for this endpoint, used up by one.
    pub fn take(&mut self, endpoint: &F::Endpoint) -> Option<F> {
        let fault = self.0.iter_mut().find(|fault| fault.on() == *endpoint)?;
        let times = fault.times();
        *times = times.saturating_sub(1);
        let taken = fault.clone();
        self.0.retain_mut(|fault| *fault.times() > 0);
        Some(taken)
    }

    /// What the control API says of those that wait.
    pub fn shown(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!({ "faults": self.0 }))
    }

    /// Adds one that makes sense; what the control API answers.
    pub fn add(&mut self, fault: F) -> Reply {
        if self.0.len() >= MAX {
            return Reply::refused("too many faults wait already; DELETE /_sim/faults");
        }
        let shown = json!(fault);
        self.0.push(fault);
        Reply::json(StatusCode::CREATED, &shown)
    }

    /// Forgets them; what the control API answers.
    pub fn drop_all(&mut self) -> Reply {
        self.0.clear();
        Reply::empty(StatusCode::NO_CONTENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Serialize)]
    struct Odd {
        on: char,
        times: u32,
    }

    impl Waits for Odd {
        type Endpoint = char;

        fn on(&self) -> char {
            self.on
        }

        fn times(&mut self) -> &mut u32 {
            &mut self.times
        }
    }

    #[test]
    fn each_is_used_up_by_its_own_calls_in_order() {
        let mut faults = Faults::default();
        for (on, times) in [('a', 2), ('b', 1), ('a', 1)] {
            assert_eq!(faults.add(Odd { on, times }).status, StatusCode::CREATED);
        }
        let left = |fault: Option<Odd>| fault.map(|fault| fault.times);
        assert_eq!(left(faults.take(&'c')), None);
        assert_eq!(
            (left(faults.take(&'a')), left(faults.take(&'a')), left(faults.take(&'a'))),
            (Some(1), Some(0), Some(0))
        );
        assert_eq!((left(faults.take(&'a')), left(faults.take(&'b')), left(faults.take(&'b'))), (None, Some(0), None));
    }

    #[test]
    fn so_many_and_no_more() {
        let mut faults = Faults::default();
        let added: Vec<_> = (0..=MAX).map(|_| faults.add(Odd { on: 'a', times: 1 }).status).collect();
        assert!(added[..MAX].iter().all(|status| *status == StatusCode::CREATED));
        assert_eq!(added[MAX], StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(faults.drop_all().status, StatusCode::NO_CONTENT);
        assert_eq!(faults.shown().body, br#"{"faults":[]}"#);
    }
}
