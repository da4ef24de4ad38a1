//! A notice: it names a checkout and nothing else. Whatever it says beside that is ignored; the state is always fetched
//! (`wepay.md` 9.1).

use lendport_core::{Claim, Details, Grade, Notice, NoticeContext, NoticeRefusal, ProviderRef, Push};

use crate::amount::Id;

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn read(ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
    if push.method != "POST" {
        return Err(NoticeRefusal::Unreadable("not a POST"));
    }
    let media = push.header("content-type").unwrap_or_default();
    if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM) {
        return Err(NoticeRefusal::Unreadable("not a form"));
    }
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(push.body).map_err(|_| NoticeRefusal::Unreadable("not a form"))?;
    let id = Id::parse(&only(&pairs, "checkout_id")?.ok_or(NoticeRefusal::Unreadable("no checkout_id"))?)
        .ok_or(NoticeRefusal::Unreadable("checkout_id is no number"))?;
    let reference_id = only(&pairs, "reference_id")?;
    let named = ProviderRef(id.to_string());
    let adopted = match (&ctx.attempt.reference, reference_id) {
        (Some(known), _) if *known == named => true,
        (Some(_), _) => return Err(NoticeRefusal::Contradicts("another checkout's")),
        // The answer to create may still be on its way: our own unguessable reference vouches for the number.
        (None, Some(reference)) if reference == ctx.attempt.merchant_reference => true,
        (None, Some(_)) => return Err(NoticeRefusal::Contradicts("another checkout's reference")),
        // Nothing vouches for the number: what is fetched is found by our reference.
        (None, None) => false,
    };
    Ok(Notice {
        grade: Grade::Token,
        claim: Claim::Nothing,
        details: Details::default(),
        raw_status: None,
        reference: adopted.then_some(named),
        dedupe_key: format!("look:{id}"),
        fetch: true,
    })
}

/// The value of a field that may be there once.
fn only(pairs: &[(String, String)], name: &str) -> Result<Option<String>, NoticeRefusal> {
    let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(NoticeRefusal::Unreadable("a field twice")),
        (value, None) => Ok(value.filter(|value| !value.is_empty()).cloned()),
    }
}
