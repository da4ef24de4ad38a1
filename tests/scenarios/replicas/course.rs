//! Three replicas, or one process, and two financers who say what they have to say at any of them; and what must hold of a
//! checkout whoever was quicker.

use lendport::gateway::Ambient;
use lendport_testkit::postgres::Cluster;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Shops;
use crate::harness::{Lender, Loan, LoneSimulator, Merchant, ServedGateway, lone_sandbox, until};

/// The code of an answer for which a row or a connection was waited for too long: whoever gets it comes again. What the index
/// `attempts_one_commitment` refuses has another.
pub(super) const BUSY: &str = "storage_unavailable";

/// A financer in the race.
#[derive(Clone)]
pub(super) enum Party {
    /// Pushes to its callback address. Comes again where replicas wait for each other's rows; on a file nobody does, and a push
    /// that is not stored is a defect.
    Loan { callback: String, body: Value, comes_again: bool },
    /// Has a page with buttons, and pushes when one is pressed.
    Page(String),
}

impl Party {
    /// Says what it has to say, at this replica where it can choose; true when it did. A page says yes.
    pub(super) async fn says(&self, at: &Merchant) -> bool {
        match self {
            Self::Loan { callback, body, comes_again } => {
                let (_, token) = callback.split_once("/callbacks/").unwrap();
                let (merchant, callback) = (at.clone(), format!("{}/callbacks/{token}", at.url));
                let loan =
                    Loan { merchant, id: String::new(), inv_id: String::new(), callback, reference: String::new() };
                let told = async || {
                    let told = loan.push(body).await;
                    (told.status != 503 || !comes_again).then_some(told)
                };
                let told = until("a push to be stored", told).await;
                assert_eq!(told.status, 200, "{}", told.body);
                true
            }
            Self::Page(url) => press(at, url, "approve").await,
        }
    }

    /// As the lender tells it of this loan.
    pub(super) fn lender(course: &Course, loan: &Loan, status: &str) -> Self {
        let (callback, body) = (loan.callback.clone(), loan.body(&json!({ "status": status })));
        Self::Loan { callback, body, comes_again: course.replicas.len() > 1 }
    }
}

pub(super) async fn press(merchant: &Merchant, url: &str, button: &str) -> bool {
    let pressed = merchant.http.post(format!("{url}/decide"));
    let pressed = pressed.header("content-type", "application/x-www-form-urlencoded");
    let status = pressed.body(format!("decision={button}")).send().await.unwrap().status();
    status.is_success() || status.is_redirection()
}

/// Gateways on one database, and two financers.
pub(super) struct Course {
    replicas: Vec<ServedGateway>,
    pub(super) lender: Lender,
    _stop: CancellationToken,
    _simulator: LoneSimulator,
}

impl Course {
    /// Three replicas on one PostgreSQL.
    pub(super) async fn three_replicas() -> Self {
        let (shops, stop) = (Shops::new().await, CancellationToken::new());
        let sandbox = lone_sandbox(&stop).await;
        let mut replicas = Vec::new();
        for number in 0..3 {
            replicas.push(shops.replica_with(number, Ambient::system().clock, &settings(&sandbox)).await);
        }
        Self { replicas, lender: shops.simulator.lender.clone(), _stop: stop, _simulator: shops.simulator }
    }

    /// One process on a file.
    pub(super) async fn one_process() -> Self {
        let (simulator, stop) = (LoneSimulator::start(None).await, CancellationToken::new());
        let sandbox = lone_sandbox(&stop).await;
        let gateway = ServedGateway::start_on(&simulator.lender.url, &Ambient::system(), &settings(&sandbox)).await;
        Self { replicas: vec![gateway], lender: simulator.lender.clone(), _stop: stop, _simulator: simulator }
    }

    pub(super) fn at(&self, number: usize) -> Merchant {
        self.replicas[number % self.replicas.len()].merchant.clone()
    }
}

fn settings<'a>(sandbox: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    sandbox.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) yeses: usize,
    pub(super) took_over: usize,
    pub(super) refused: usize,
    pub(super) canceled: usize,
    pub(super) started: usize,
}

impl Outcome {
    pub(super) fn add(&mut self, one: Self) {
        self.yeses += one.yeses;
        self.took_over += one.took_over;
        self.refused += one.refused;
        self.canceled += one.canceled;
        self.started += one.started;
    }
}

pub(super) async fn attempts(at: &Merchant, id: &str) -> usize {
    at.read(id).await.body["attempts"].as_array().unwrap().len()
}

/// Waits until the yes of this attempt is followed, or a person is asked about it; true where it is followed.
pub(super) async fn settled(at: &Merchant, id: &str, attempt: &str) -> bool {
    let settled = async || {
        let entries = at.timeline(id).await;
        let of_this: Vec<_> = entries.iter().filter(|entry| entry["attempt"] == json!(attempt)).collect();
        // A yes that was not followed is told in the same words, with the reason.
        let taken = of_this.iter().any(|entry| {
            let outcome = entry["outcome"].as_str().unwrap_or_default();
            outcome.ends_with("-> authorized") || outcome.ends_with("-> captured")
        });
        let asked = of_this.iter().any(|entry| {
            let what = entry["what"].as_str().unwrap();
            let about = ["late_approval", "paid_after_cancel", "contradicting_evidence"];
            entry["kind"] == "attention" && about.contains(&what)
        });
        (taken || asked).then_some(taken)
    };
    until("every yes to be followed or asked about", settled).await
}

/// What must hold of a checkout, whoever was quicker.
pub(super) async fn judge(merchant: &Merchant, id: &str) {
    let seen = merchant.read(id).await;
    let attempts = seen.body["attempts"].as_array().unwrap();
    let live = attempts.iter().filter(|one| matches!(one["status"].as_str().unwrap(), "authorized" | "captured"));
    let live = live.count();
    assert!(seen.body["can_fulfill"] == json!(false) || live == 1, "{}", seen.text);
    let expected = if live == 1 { "1420.00" } else { "0.00" };
    assert_eq!(seen.str("/amounts/authorized"), expected, "{}", seen.text);
    let ready = merchant.events(id).await.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count();
    assert!(ready <= 1 && (live == 0 || ready == 1), "{ready}: {}", seen.text);
}

/// The server writes down what it refuses.
pub(super) fn no_commitment_was_refused_by_the_index() {
    let log = Cluster::shared().log();
    assert!(!log.is_empty() && !log.contains("attempts_one_commitment"), "{log}");
}
