//! Every financer of a checkout says yes at the same instant, at different replicas, while the merchant cancels, looks and asks
//! for one more: one of them has it, and every other yes is a person's to settle.
//!
//! That no checkout ever has two commitments is not looked for here: the index `attempts_one_commitment` of both databases lets
//! none in. Where the engine did not keep the fence, that index would refuse the transaction, and the push would be answered
//! other than 200; on PostgreSQL, where a push that is not stored comes again, the server's log would name it.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::sync::Barrier;

use super::course::{
    BUSY, Course, Outcome, Party, attempts, judge, no_commitment_was_refused_by_the_index, press, settled,
};
use crate::harness::{Loan, carts, fresh, together, until};

/// Rounds of the race, each with a checkout of its own.
const RACES: usize = 36;
/// How often the merchant asks for a cancel, until it is done, where it may never be.
const CANCELS: usize = 5;
/// Who is asked one after the other; the last one is still open when the race begins.
const FIELDS: [&[&str]; 5] = [
    &["wegetfinancing", "wegetfinancing"],
    &["wegetfinancing", "sandbox"],
    &["sandbox", "wegetfinancing", "wegetfinancing"],
    &["wegetfinancing", "wegetfinancing", "sandbox"],
    // What the lender pushes is quicker than a page; here a page wins, and can be canceled.
    &["sandbox", "sandbox"],
];

/// A checkout on the starting line.
struct Start {
    id: String,
    /// Attempts with their financers, in order.
    parties: Vec<(String, Party)>,
}

/// Asks the financers one after the other; each but the last one says no, and in some rounds that one, too.
async fn line_up(course: &Course, number: usize) -> Start {
    let field = FIELDS[number % FIELDS.len()];
    let mut cart = carts::usa();
    cart["provider"] = json!(field[0]);
    cart["capture"] = json!("manual");
    let mut made = course.at(number).open(&cart).await.ok(201).clone();
    let id = made.id();
    let mut parties = Vec::new();
    for (place, provider) in field.iter().enumerate() {
        let merchant = course.at(number + place);
        if place > 0 {
            let path = format!("/v1/checkouts/{id}/attempts");
            made = merchant.post(&path, &fresh(), &json!({ "provider": provider })).await.ok(201).clone();
        }
        let attempt = made.str("/attempt/id").to_owned();
        let last = place + 1 == field.len() && !asks_one_more(number);
        let party = if *provider == "sandbox" {
            let url = made.str("/next_action/url").to_owned();
            if !last {
                assert!(press(&merchant, &url, "reject").await);
            }
            Party::Page(url)
        } else {
            let loan = Loan::of(&merchant, &course.lender, &made).await;
            if !last {
                assert_eq!(loan.tell("rejected").await.status, 200);
            }
            Party::lender(course, &loan, "approved")
        };
        if !last {
            let said_no = async || {
                let seen = merchant.read(&id).await;
                let attempts = seen.body["attempts"].as_array().unwrap();
                attempts.iter().any(|one| one["id"] == json!(attempt) && one["status"] == "declined").then_some(())
            };
            until("a no", said_no).await;
        }
        parties.push((attempt, party));
    }
    Start { id, parties }
}

/// Rounds in which everybody has said no, and the merchant asks for one more while they come back.
fn asks_one_more(number: usize) -> bool {
    number.is_multiple_of(3)
}

/// Rounds of those in which the one more is stored before anybody comes back.
fn one_more_is_first(number: usize) -> bool {
    number.is_multiple_of(6)
}

/// Rounds in which the merchant asks for a cancel.
fn cancels(number: usize) -> bool {
    !number.is_multiple_of(FIELDS.len())
}

/// Rounds of those in which it goes on until it is done: the pages alone are asked, and one of them says yes or is canceled.
fn cancels_to_the_end(number: usize) -> bool {
    number % FIELDS.len() == 4 && !asks_one_more(number)
}

fn rounds(of: fn(usize) -> bool) -> usize {
    (0..RACES).filter(|number| of(*number)).count()
}

/// Everybody at once.
async fn run(course: Arc<Course>, number: usize, start: Start) -> Outcome {
    let Start { id, parties } = start;
    let (cancels, asks, lined_up) = (cancels(number), asks_one_more(number), parties.len());
    let line = Arc::new(Barrier::new(2 * lined_up + 1 + usize::from(cancels) + usize::from(asks)));
    let mut running = Vec::new();
    for (place, (_, party)) in parties.iter().enumerate() {
        for copy in 0..2 {
            let (line, party, at) = (Arc::clone(&line), party.clone(), course.at(number + place + copy));
            let id = id.clone();
            running.push(tokio::spawn(async move {
                line.wait().await;
                if one_more_is_first(number) {
                    until("one more", async || (attempts(&at, &id).await > lined_up).then_some(())).await;
                }
                party.says(&at).await
            }));
        }
    }
    let at = course.at(number + 2);
    let look = {
        let (line, at, path) = (Arc::clone(&line), at.clone(), format!("/v1/checkouts/{id}/refresh"));
        tokio::spawn(async move {
            line.wait().await;
            let look = async || {
                let seen = at.send(at.request(Method::POST, &path)).await;
                (seen.str("/code") != BUSY).then_some(seen.status)
            };
            until("a look", look).await
        })
    };
    let cancel = cancels.then(|| {
        let (line, at, path) = (Arc::clone(&line), at.clone(), format!("/v1/checkouts/{id}/cancel"));
        tokio::spawn(async move {
            line.wait().await;
            // Nothing can be canceled before somebody has said yes, nor at a lender that has no call for it.
            let cancel = async || at.post(&path, &fresh(), &json!({})).await.status == 200;
            if cancels_to_the_end(number) {
                until("a cancel", async || cancel().await.then_some(())).await;
                return true;
            }
            for _ in 0..CANCELS {
                if cancel().await {
                    return true;
                }
            }
            false
        })
    });
    let ask = asks.then(|| {
        let (line, at, path) = (Arc::clone(&line), at.clone(), format!("/v1/checkouts/{id}/attempts"));
        tokio::spawn(async move {
            line.wait().await;
            let (key, body) = (fresh(), json!({ "provider": "wegetfinancing" }));
            let ask = async || {
                let asked = at.post(&path, &key, &body).await;
                (asked.str("/code") != BUSY).then_some(asked.status)
            };
            until("an answer", ask).await
        })
    });
    let mut yeses = Vec::new();
    for told in running {
        yeses.push(told.await.unwrap());
    }
    assert!(look.await.unwrap() < 500);
    let mut outcome = Outcome::default();
    if let Some(cancel) = cancel {
        outcome.canceled += usize::from(cancel.await.unwrap());
    }
    if let Some(ask) = ask {
        let status = ask.await.unwrap();
        outcome.started += attempts(&at, &id).await - lined_up;
        assert!(status < 500 && (outcome.started == 1 || status != 201), "{status}");
    }
    for (place, (attempt, _)) in parties.iter().enumerate() {
        if !(yeses[2 * place] || yeses[2 * place + 1]) {
            continue;
        }
        outcome.yeses += 1;
        match settled(&at, &id, attempt).await {
            true => outcome.took_over += 1,
            false => outcome.refused += 1,
        }
    }
    judge(&at, &id).await;
    outcome
}

/// The whole race, six checkouts at a time.
async fn race(name: &str, course: Course) -> String {
    let (course, mut all) = (Arc::new(course), Outcome::default());
    for round in 0..RACES / 6 {
        let runners = (0..6).map(|place| {
            let (course, number) = (Arc::clone(&course), round * 6 + place);
            async move {
                let start = line_up(&course, number).await;
                run(course, number, start).await
            }
        });
        together(runners).await.into_iter().for_each(|one| all.add(one));
    }
    assert_eq!(all.took_over + all.refused, all.yeses);
    // Where two lenders push yes and nobody cancels, one of them is refused.
    assert!(all.took_over >= RACES / 2 && all.refused >= RACES - rounds(cancels), "{all:?}");
    assert!(all.canceled >= rounds(cancels_to_the_end) && all.started >= rounds(one_more_is_first), "{all:?}");
    format!("{name}: {RACES} checkouts, {all:?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_are_told_yes_by_everybody_at_once_and_one_financer_has_it() {
    println!("{}", race("PostgreSQL, three replicas", Course::three_replicas().await).await);
    no_commitment_was_refused_by_the_index();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_process_on_a_file_is_told_yes_by_everybody_at_once_and_one_financer_has_it() {
    println!("{}", race("SQLite, one process", Course::one_process().await).await);
}
