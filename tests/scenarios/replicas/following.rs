//! A financer says no and yes at the same instant, at different replicas, where the next one follows by itself: whoever is heard
//! first, one of the two has the checkout, and another yes is a person's to settle.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::sync::Barrier;

use super::course::{Course, Outcome, Party, attempts, judge, no_commitment_was_refused_by_the_index, press, settled};
use crate::harness::{Loan, carts, together, until};

/// Rounds, each with a checkout of its own.
const RACES: usize = 24;

/// Rounds in which the next one has followed before the first says yes, and both say it at once.
fn next_is_first(number: usize) -> bool {
    number.is_multiple_of(3)
}

/// Rounds in which the first says yes as soon as its no was heard, while the next one is started.
fn next_is_being_started(number: usize) -> bool {
    number % 3 == 1
}

async fn run(course: Arc<Course>, number: usize) -> Outcome {
    let mut cart = carts::usa();
    cart.as_object_mut().unwrap().remove("provider");
    cart["capture"] = json!("manual");
    let at = course.at(number);
    let made = at.open(&cart).await.ok(201).clone();
    assert_eq!(made.str("/provider"), "wegetfinancing");
    let (id, first) = (made.id(), made.str("/attempt/id").to_owned());
    let loan = Loan::of(&at, &course.lender, &made).await;
    let (no, yes) = (Party::lender(&course, &loan, "rejected"), Party::lender(&course, &loan, "approved"));

    // The address of the next one's page.
    let next = async || {
        let seen = at.read(&id).await;
        let url = seen.str("/next_action/url").to_owned();
        (seen.str("/attempt/id") != first && !url.is_empty()).then_some(url)
    };
    let mut at_once = Vec::new();
    if next_is_first(number) {
        assert!(no.says(&at).await);
        let page = Party::Page(until("the next financer", next).await);
        at_once.extend([yes.clone(), yes.clone(), page.clone(), page]);
    } else if next_is_being_started(number) {
        assert!(no.says(&at).await);
        at_once.extend([yes.clone(), yes]);
    } else {
        at_once.extend([no, yes.clone(), yes]);
    }
    let line = Arc::new(Barrier::new(at_once.len()));
    let said = at_once.into_iter().enumerate().map(|(place, party)| {
        let (line, at) = (Arc::clone(&line), course.at(number + place + 1));
        async move {
            line.wait().await;
            party.says(&at).await
        }
    });
    let said = together(said).await;
    assert!(said[0] && said[1], "the lender is always heard");
    let next_said_yes = if next_is_first(number) {
        assert!(said[2] || said[3]);
        true
    } else if let Some(page) = next().await {
        // Who has followed meanwhile, and leads.
        press(&at, &page, "approve").await
    } else {
        false
    };

    let mut outcome = Outcome { started: attempts(&at, &id).await - 1, ..Outcome::default() };
    let mut yeses = vec![first.clone()];
    if next_said_yes {
        yeses.push(at.read(&id).await.str("/attempts/1/id").to_owned());
    }
    for attempt in yeses {
        outcome.yeses += 1;
        match settled(&at, &id, &attempt).await {
            true => outcome.took_over += 1,
            false => outcome.refused += 1,
        }
    }
    judge(&at, &id).await;
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_no_and_a_yes_at_once_leave_one_financer_where_the_next_one_follows_by_itself() {
    let course = Arc::new(Course::three_replicas().await);
    let profile = json!({ "cascade": ["wegetfinancing", "sandbox"], "policies": { "after_decline": "automatic" } });
    let merchant = course.at(0);
    let put = merchant.request(Method::PUT, "/v1/routing").header("if-match", "\"0\"").json(&profile);
    let put = merchant.send(put).await;
    assert!(put.status < 300, "{}", put.text);

    let mut all = Outcome::default();
    for round in 0..RACES / 6 {
        let runners = (0..6).map(|place| run(Arc::clone(&course), round * 6 + place));
        together(runners).await.into_iter().for_each(|one| all.add(one));
    }
    assert_eq!(all.took_over + all.refused, all.yeses);
    let first = (0..RACES).filter(|number| next_is_first(*number)).count();
    assert!(all.started >= first && all.refused >= first && all.took_over >= first, "{all:?}");
    println!("PostgreSQL, three replicas, the next one by itself: {RACES} checkouts, {all:?}");
    no_commitment_was_refused_by_the_index();
}
