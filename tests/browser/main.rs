//! What shoppers see, looked at with a real browser: Debian's Chromium, driven by Playwright for Python. One story each,
//! told in `stories/`; here it is only started and its end is awaited. Screenshots go to `browser/` below Cargo's target
//! folder.
//!
//! `.ci/install-test-deps.sh` and `.ci/install-python-deps.sh` install what is needed. Another browser can be named in
//! `LENDPORT_TEST_CHROMIUM`, another Python that has the packages in `LENDPORT_TEST_PYTHON`.
#![cfg(all(feature = "wegetfinancing", feature = "wepay", feature = "sandbox", feature = "simulator"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A story that takes longer hangs. On an idle machine the longest takes some twenty seconds.
const LIMIT: Duration = Duration::from_mins(12);

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("LENDPORT_TEST_PYTHON") {
        return named.into();
    }
    let python = target().join("python/bin/python3");
    assert!(python.exists(), "{} is not there: run .ci/install-python-deps.sh once", python.display());
    python
}

fn script() -> Command {
    let mut command = Command::new(python());
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run.py")).stdin(Stdio::null());
    command
}

fn play(story: &str) {
    let shots = target().join("browser");
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let file = std::fs::File::create(&said).unwrap();
    let mut command = script();
    command.arg(story).arg("--binary").arg(env!("CARGO_BIN_EXE_lendport")).arg("--shots").arg(shots);
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let mut left = LIMIT;
    let pause = Duration::from_millis(100);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if left.is_zero() {
            Command::new("kill").arg(child.id().to_string()).status().unwrap();
            child.wait().unwrap();
            panic!("{story} hangs:\n{}", std::fs::read_to_string(&said).unwrap());
        }
        left = left.saturating_sub(pause);
        std::thread::sleep(pause);
    };
    let said = std::fs::read_to_string(&said).unwrap();
    assert!(status.success() && said.ends_with("played\n"), "{story}:\n{said}");
}

macro_rules! stories {
    ($($name:ident)*) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { play(stringify!($name)); })*
    };
}

stories! {
    a_double_click_opens_one
    a_phone
    a_reload_goes_on_where_it_was
    a_restart_in_the_middle
    a_slow_network
    a_stranger_is_refused_by_the_browser
    an_old_link_says_so
    approve_in_the_lightbox
    axe_finds_nothing_serious
    blocked_third_party_cookies_change_nothing
    coming_back_waits_for_the_lender
    each_cart_of_the_demo_opens
    forged_messages_change_nothing
    it_speaks_the_customers_language
    keyboard_alone
    leaving_ends_nothing
    little_is_loaded_and_nothing_from_elsewhere
    nothing_but_html
    nothing_moves_where_that_is_asked_for
    redirect_mode
    reject_in_the_lightbox
    the_demo_tells_the_whole_story
    the_module_does_the_same
    the_next_financer_after_a_decline
    the_other_direction
    two_tabs_agree
    wepay_by_redirect
    wepay_in_a_frame
    what_changes_is_said
    without_an_event_stream_questions_do
}

#[test]
fn every_story_is_played() {
    let output = script().arg("--list").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let told: BTreeSet<&str> = told.lines().collect();
    let played: BTreeSet<&str> = STORIES.iter().copied().collect();
    assert_eq!(told, played, "stories/ and the list above differ");
}
