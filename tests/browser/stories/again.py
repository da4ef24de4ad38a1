"""A shopper who closes the checkout, or stops on the way to it, and does not wait for what the gateway says of it."""

import re
from contextlib import suppress

from playwright.sync_api import Error, expect

from gateway import until
from parts import CHOICE, LENDER, buy, heading, ours, outcome, press, theirs


def what_was_closed_stays_closed(world):
    """The gateway takes its time to say how the checkout stands, and the shopper does not wait for it."""
    gateway = world.start()
    first, second = gateway.open_checkout(**CHOICE), gateway.open_checkout(provider=LENDER)
    page = world.look()
    held = []

    def hold(route):
        held.append(route)

    page.route("**/c/*/status", hold)

    def asked(checkout):
        # Asking the browser anything brings the list of requests up to date.
        until("the question", lambda: page.title() and any(checkout["client_token"] in route.request.url for route in held))
        expect(page.locator("dialog")).to_have_count(0)

    def answer():
        page.unroute("**/c/*/status")
        with page.expect_response("**/c/*/status"):
            for route in held:
                # A page that is gone, or has lost its patience, no longer waits for it.
                with suppress(Error):
                    route.continue_()
        held.clear()
        page.route("**/c/*/status", hold)

    buy(world, page, first)
    heading(ours(page), "How would you like to pay?")
    press(page, "Close")
    asked(first)
    # A click opens the same again. The answer of before is no news any more: the shop's page must not go on under the shopper.
    press(page, "Pay")
    heading(ours(page), "How would you like to pay?")
    answer()
    assert outcome(page).inner_text() == ""
    press(page, "Close")
    asked(first)
    answer()
    expect(outcome(page)).to_contain_text('abort choose, abort choose: {"status":"choose"')
    # Another order meanwhile: what was closed does not lie over the shop's page, it is asked about.
    press(page, "Pay")
    heading(ours(page), "How would you like to pay?")
    press(page, "Close")
    asked(first)
    held.clear()
    page.goto(world.shop.url(second))
    asked(first)
    press(page, "Pay")
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    answer()
    assert outcome(page).inner_text() == ""
    # That answer was the first one's: the second is still open after a reload.
    page.reload()
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    press(page, "Close")
    asked(second)
    answer()
    expect(outcome(page)).to_contain_text('abort continue: {"status":"continue"')
    assert page.evaluate("sessionStorage.length") == 0, "nothing is left to ask about"


def one_closed_is_told_of_when_the_next_is_closed(world):
    """Two orders on one page: what the shop's page does about the first would lie under the second."""
    gateway = world.start()
    first, second = gateway.open_checkout(**CHOICE), gateway.open_checkout(provider=LENDER)
    page = world.look()
    page.goto(world.shop.url(first))
    page.evaluate("""() => {
        window.asked = new Promise((ask) => { window.answer = ask; });
        const real = fetch;
        window.fetch = async (...all) => { const answer = await real(...all); window.got = true; await window.asked; return answer; };
    }""")
    press(page, "Pay")
    heading(ours(page), "How would you like to pay?")
    press(page, "Close")
    until("the question", lambda: page.evaluate("window.got === true"))
    page.evaluate("(token) => { Lendport.open({ ...options(), clientToken: token }).then(said); }", second["client_token"])
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    # Answered, and time enough to tell it.
    page.evaluate("answer(); new Promise((later) => setTimeout(later, 200))")
    assert page.evaluate("told.length") == 0
    press(page, "Close")
    until("both", lambda: page.evaluate("told.map((one) => one[1]).sort().join()") == "choose,continue")


def a_resume_in_the_head(world):
    """A script in the page's head runs before there is a page to lay anything over."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    page.goto(world.shop.url(checkout, "/early"))
    press(theirs(ours(page)), "Approve")
    heading(ours(page), "You are approved")
    press(page, "Close")
    expect(outcome(page)).to_contain_text('{"status":"approved"')
    assert page.evaluate("document.documentElement.style.overflow") == ""


# Playwright waits for whoever is on the way to somewhere, so the page itself presses and stops.
STOPPED = """async (seen) => {
    for (const persisted of seen) {
        document.getElementById("pay").click();
        await new Promise((later) => setTimeout(later, 300));
        stop();
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted }));
    }
}"""


def a_redirect_that_was_stopped(world):
    """The gateway is slow, the shopper stops and presses again."""
    gateway = world.start()
    first, second = gateway.open_checkout(**CHOICE), gateway.open_checkout(provider=LENDER)
    page = world.look()
    page.goto(world.shop.url(first, mode="redirect"))

    def hold(_):
        """Never answered."""

    page.route(f"**/c/{first['client_token']}", hold)
    # A page that was still loading shows itself at the first time; at the second the shopper is back, and hears of both.
    page.evaluate(STOPPED, [False, True])
    expect(outcome(page)).to_contain_text('abort choose, abort choose: {"status":"choose"')
    # Another order's token, while the way to the first is stopped.
    page.evaluate(STOPPED, [False])
    page.evaluate("(token) => { Lendport.open({ ...options(), clientToken: token }); }", second["client_token"])
    page.wait_for_url(re.compile(re.escape(f"/c/{second['client_token']}")))
    heading(page, "Continue with WeGetFinancing")
