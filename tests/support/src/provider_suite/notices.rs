//! Cases in which the provider pushes to us.

use lendport_core::{Claim, Grade, Notice, NoticeContext, NoticeRefusal, ProviderRef, Push};
use lendport_outbound::{Cassette, PushSample};

use super::{Case, Stage};
use crate::clock::START;

pub(super) fn run(stage: &Stage, case: &Case, expected: &[(Grade, Claim)], cassette: &Cassette) -> Result<(), String> {
    let pushes = cassette.pushes();
    if pushes.len() != expected.len() {
        return Err(format!("{} pushes, {} expectations", pushes.len(), expected.len()));
    }
    for (number, (sample, (grade, claim))) in pushes.iter().zip(expected).enumerate() {
        push(stage, case, sample, *grade, claim).map_err(|why| format!("push {}: {why}", number + 1))?;
    }
    Ok(())
}

fn push(stage: &Stage, case: &Case, sample: &PushSample, grade: Grade, claim: &Claim) -> Result<(), String> {
    let notice = read(stage, &sample.headers, &sample.body).map_err(|refusal| refusal.to_string())?;
    if notice.grade != grade || notice.claim != *claim {
        return Err(format!("read as {:?} {:?}, expected {grade:?} {claim:?}", notice.grade, notice.claim));
    }
    if *claim == Claim::UnknownStatus && notice.raw_status.is_none() {
        return Err("the unknown status is not kept".to_owned());
    }
    let again = read(stage, &sample.headers, &sample.body).map_err(|refusal| refusal.to_string())?;
    if again != notice {
        return Err("the same push is read differently the second time".to_owned());
    }
    if case.reference.is_some() {
        another_request(stage, sample)?;
    }
    if grade == Grade::Signed { wrong_signature(stage, sample, &notice) } else { Ok(()) }
}

/// One byte more, and a character less of the header with the signature: neither may become an observation. Which header that is
/// only the adapter knows: what another one says changes nothing.
fn wrong_signature(stage: &Stage, sample: &PushSample, notice: &Notice) -> Result<(), String> {
    let mut longer = sample.body.clone();
    longer.push(b' ');
    match read(stage, &sample.headers, &longer) {
        Err(NoticeRefusal::Unauthentic(_)) => {}
        other => return Err(format!("another body under the same signature gives {other:?}")),
    }
    let mut refused = false;
    for turn in 0..sample.headers.len() {
        let shorter = |(at, (name, value)): (usize, &(String, String))| {
            let less = usize::from(at == turn);
            (name.clone(), value.chars().take(value.chars().count().saturating_sub(less)).collect())
        };
        let headers: Vec<_> = sample.headers.iter().enumerate().map(shorter).collect();
        match read(stage, &headers, &sample.body) {
            Err(NoticeRefusal::Unauthentic(_)) => refused = true,
            Ok(read) if read == *notice => {}
            other => return Err(format!("a wrong signature gives {other:?}")),
        }
    }
    if refused { Ok(()) } else { Err("it is called signed, and no header of it matters".to_owned()) }
}

/// The same push at the address of another attempt.
fn another_request(stage: &Stage, sample: &PushSample) -> Result<(), String> {
    let mut attempt = stage.attempt.clone();
    attempt.reference = Some(ProviderRef("another-request".to_owned()));
    let ctx = NoticeContext { account: &stage.account, attempt: &attempt };
    match stage.provider.read_notification(ctx, &incoming(&sample.headers, &sample.body)) {
        Err(NoticeRefusal::Contradicts(_)) => Ok(()),
        other => Err(format!("at another attempt's address it gives {other:?}")),
    }
}

fn read(stage: &Stage, headers: &[(String, String)], body: &[u8]) -> Result<Notice, NoticeRefusal> {
    let ctx = NoticeContext { account: &stage.account, attempt: &stage.attempt };
    stage.provider.read_notification(ctx, &incoming(headers, body))
}

pub(super) fn incoming_of(sample: &PushSample) -> Push<'_> {
    incoming(&sample.headers, &sample.body)
}

fn incoming<'a>(headers: &'a [(String, String)], body: &'a [u8]) -> Push<'a> {
    Push { method: "POST", headers, query: "", body, received_at: START }
}
