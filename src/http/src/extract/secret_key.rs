//! Whose a secret key is: as the database said a second ago, or says now.

use lendport_core::Mode;
use lendport_engine::KeyHolder;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::Problem;
use crate::rates::{Note, Turn};

/// Longer texts are no keys of ours.
const KEY_MAX_BYTES: usize = 256;

/// Whose a secret key is. It may have expired. What cannot be a key is not looked up, and a key that nobody has shown here
/// before waits for its turn where it comes from an address that sends more without a valid key than it may.
pub(crate) async fn holder_of_secret(app: &App, key: &str, note: Option<&Note>) -> Result<Option<KeyHolder>, Problem> {
    if !may_be_key(key) {
        return Ok(None);
    }
    if let Some(known) = app.keys.get(key, Instant::now()) {
        return Ok(Some(known));
    }
    let peer = note.and_then(Note::peer).filter(|_| !app.keys.has_worked(key));
    let turn = match peer {
        Some(peer) => app.rates.turn(peer).await,
        None => None,
    };
    // Somebody else may have shown it meanwhile.
    match app.keys.get(key, Instant::now()) {
        Some(known) => Ok(Some(known)),
        None => look_up(app, key.to_owned(), turn).await,
    }
}

async fn look_up(app: &App, key: String, turn: Option<Turn>) -> Result<Option<KeyHolder>, Problem> {
    let (engine, asked, wanted) = (app.engine.clone(), Instant::now(), key.clone());
    let work = async move {
        let found = engine.tenant_of_key(&wanted).await;
        drop(turn);
        found
    };
    let found = app.run(work).await?;
    match &found {
        Some(holder) => app.keys.put(&key, holder.clone(), asked),
        None => app.keys.drop_key(&key),
    }
    Ok(found)
}

/// `lp_test_...` or `lp_live_...`, in the letters that a key may have.
fn may_be_key(text: &str) -> bool {
    let rest = [Mode::Test, Mode::Live]
        .into_iter()
        .find_map(|mode| text.strip_prefix("lp_")?.strip_prefix(mode.as_str())?.strip_prefix('_'));
    let fits = |rest: &str| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-".contains(&c));
    text.len() <= KEY_MAX_BYTES && rest.is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use lendport_engine::new_secret_key;
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn what_is_made_may_be_a_key_and_little_else() {
        let ids = SeededIds::new(1);
        for mode in [Mode::Test, Mode::Live] {
            assert!(may_be_key(new_secret_key(&ids, mode).expose()));
        }
        assert!(may_be_key("lp_live_a_text-of_an-operators_own01"));
        let long = format!("lp_test_{}", "x".repeat(KEY_MAX_BYTES));
        for no in ["", "lp_test_", "lp_", "lp_both_x", "LP_test_x", "sk_test_x", "lp_test_x y", "lp_test_ä", &long] {
            assert!(!may_be_key(no), "{no}");
        }
    }
}
