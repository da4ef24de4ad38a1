//! What shoppers see, looked at with a real browser: Debian's Chromium, driven by Playwright for Python. One story each,
//! told in `stories/`; here it is only started and its end is awaited. Screenshots go to `browser/` below Cargo's target
//! folder.
//!
//! `.ci/install-test-deps.sh` and `.ci/install-python-deps.sh` install what is needed. Another browser can be named in
//! `LENDPORT_TEST_CHROMIUM`, another Python that has the packages in `LENDPORT_TEST_PYTHON`.
#![cfg(all(
    feature = "wegetfinancing",
    feature = "wepay",
    feature = "sandbox",
    feature = "flexshopper",
    feature = "simulator"
))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

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

#[test]
fn a_double_click_opens_one() {
    play("a_double_click_opens_one");
}

#[test]
fn a_forged_return_only_waits() {
    play("a_forged_return_only_waits");
}

#[test]
fn a_phone() {
    play("a_phone");
}

#[test]
fn a_reload_goes_on_where_it_was() {
    play("a_reload_goes_on_where_it_was");
}

#[test]
fn a_restart_in_the_middle() {
    play("a_restart_in_the_middle");
}

#[test]
fn a_slow_network() {
    play("a_slow_network");
}

#[test]
fn a_stranger_is_refused_by_the_browser() {
    play("a_stranger_is_refused_by_the_browser");
}

#[test]
fn an_old_link_says_so() {
    play("an_old_link_says_so");
}

#[test]
fn a_redirect_that_was_stopped() {
    play("a_redirect_that_was_stopped");
}

#[test]
fn a_resume_in_the_head() {
    play("a_resume_in_the_head");
}

#[test]
fn an_answer_that_never_comes() {
    play("an_answer_that_never_comes");
}

#[test]
fn back_from_one_and_on_to_another() {
    play("back_from_one_and_on_to_another");
}

#[test]
fn one_closed_is_told_of_when_the_next_is_closed() {
    play("one_closed_is_told_of_when_the_next_is_closed");
}

#[test]
fn one_that_follows_late_may_be_shown() {
    play("one_that_follows_late_may_be_shown");
}

#[test]
fn approve_in_the_lightbox() {
    play("approve_in_the_lightbox");
}

#[test]
fn axe_finds_nothing_serious() {
    play("axe_finds_nothing_serious");
}

#[test]
fn axe_finds_nothing_serious_in_the_dark() {
    play("axe_finds_nothing_serious_in_the_dark");
}

#[test]
fn blocked_third_party_cookies_change_nothing() {
    play("blocked_third_party_cookies_change_nothing");
}

#[test]
fn coming_back_waits_for_the_lender() {
    play("coming_back_waits_for_the_lender");
}

#[test]
fn each_cart_of_the_demo_opens() {
    play("each_cart_of_the_demo_opens");
}

#[test]
fn forged_messages_change_nothing() {
    play("forged_messages_change_nothing");
}

#[test]
fn it_speaks_the_customers_language() {
    play("it_speaks_the_customers_language");
}

#[test]
fn keyboard_alone() {
    play("keyboard_alone");
}

#[test]
fn leaving_ends_nothing() {
    play("leaving_ends_nothing");
}

#[test]
fn little_is_loaded_and_nothing_from_elsewhere() {
    play("little_is_loaded_and_nothing_from_elsewhere");
}

#[test]
fn nothing_but_html() {
    play("nothing_but_html");
}

#[test]
fn nothing_moves_where_that_is_asked_for() {
    play("nothing_moves_where_that_is_asked_for");
}

#[test]
fn redirect_mode() {
    play("redirect_mode");
}

#[test]
fn only_its_own_frame_is_heard() {
    play("only_its_own_frame_is_heard");
}

#[test]
fn reject_in_the_lightbox() {
    play("reject_in_the_lightbox");
}

#[test]
fn the_demo_tells_the_whole_story() {
    play("the_demo_tells_the_whole_story");
}

#[test]
fn the_language_is_kept_on_the_way() {
    play("the_language_is_kept_on_the_way");
}

#[test]
fn the_module_does_the_same() {
    play("the_module_does_the_same");
}

#[test]
fn the_next_financer_follows_by_itself() {
    play("the_next_financer_follows_by_itself");
}

#[test]
fn the_next_financer_after_a_decline() {
    play("the_next_financer_after_a_decline");
}

#[test]
fn the_other_direction() {
    play("the_other_direction");
}

#[test]
fn two_tabs_agree() {
    play("two_tabs_agree");
}

#[test]
fn wepay_by_redirect() {
    play("wepay_by_redirect");
}

#[test]
fn wepay_in_a_frame() {
    play("wepay_in_a_frame");
}

#[test]
fn what_changes_is_said() {
    play("what_changes_is_said");
}

#[test]
fn what_was_closed_stays_closed() {
    play("what_was_closed_stays_closed");
}

#[test]
fn without_an_event_stream_questions_do() {
    play("without_an_event_stream_questions_do");
}

#[test]
fn lease_in_the_lightbox() {
    play("lease_in_the_lightbox");
}

#[test]
fn lease_in_the_whole_window() {
    play("lease_in_the_whole_window");
}

#[test]
fn closing_the_plugin_ends_nothing() {
    play("closing_the_plugin_ends_nothing");
}

#[test]
fn another_financer_after_flexshoppers_no() {
    play("another_financer_after_flexshoppers_no");
}

#[test]
fn a_script_that_does_not_come() {
    play("a_script_that_does_not_come");
}

#[test]
fn no_other_script_runs() {
    play("no_other_script_runs");
}

#[test]
fn what_the_script_says_is_a_hint() {
    play("what_the_script_says_is_a_hint");
}

#[test]
fn the_plugin_without_a_script() {
    play("the_plugin_without_a_script");
}

#[test]
fn the_made_up_providers_plugin() {
    play("the_made_up_providers_plugin");
}

#[test]
fn every_story_is_played() {
    let output = script().arg("--list").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let told: BTreeSet<&str> = told.lines().collect();
    let here = include_str!("main.rs");
    let played = here.split("    play(\"").skip(1).filter_map(|rest| rest.split('"').next());
    assert_eq!(told, played.collect::<BTreeSet<&str>>(), "stories/ and the tests above differ");
}
