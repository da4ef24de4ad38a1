"""A shop's page on another origin opens the checkout over itself."""

import re

from playwright.sync_api import expect

from eyes import sound
from gateway import until
from parts import LENDER, buy, heading, ours, outcome, press, theirs


def approve_in_the_lightbox(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    # One financer goes straight on: its page is there.
    lender = theirs(ours(page))
    expect(lender.get_by_role("heading", name="Financing request")).to_be_visible()
    world.shot(page, "1-lender")
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden", "the page behind is held"
    press(lender, "Approve")
    heading(ours(page), "You are approved")
    world.shot(page, "2-approved")
    sound(page, "approved in the lightbox")
    assert gateway.read(checkout)["status"] == "authorized"
    ours(page).get_by_role("link", name="Back to Demo TV").click()
    expect(outcome(page)).to_contain_text('complete approved: {"status":"approved","isFinal":true,"returnUrl":"https://shop.example/ok"}')
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("document.documentElement.style.overflow") == ""
    expect(page.get_by_role("button", name="Pay")).to_be_focused()


def reject_in_the_lightbox(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    press(theirs(ours(page)), "Reject")
    heading(ours(page), "This was not approved")
    world.shot(page, "declined")
    text = ours(page).locator("body").inner_text()
    assert "reject" not in text.lower() and "reason" not in text.lower(), text
    page.get_by_role("button", name="Close").click()
    expect(outcome(page)).to_contain_text('abort declined: {"status":"declined","isFinal":true,"returnUrl":"https://shop.example/cart"}')
    assert gateway.read(checkout)["status"] == "declined"


def leaving_ends_nothing(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    press(theirs(ours(page)), "Abandon")
    # Back at our page, which offers the same again.
    heading(ours(page), "Continue with WeGetFinancing")
    expect(page.frame_locator("dialog iframe").locator("#box")).not_to_be_visible()
    world.shot(page, "left")
    page.keyboard.press("Escape")
    expect(outcome(page)).to_contain_text("abort continue")
    assert gateway.read(checkout)["status"] == "requires_customer_action"
    press(page, "Pay")
    press(theirs(ours(page)), "Approve")
    heading(ours(page), "You are approved")
    assert gateway.creates_at(LENDER) == 1, "the same request was used again"


def a_reload_goes_on_where_it_was(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    page.reload()
    press(theirs(ours(page)), "Preapprove")
    heading(ours(page), "You are pre-approved")
    page.reload()
    heading(ours(page), "You are pre-approved")
    gateway.decide(LENDER, checkout, "approved")
    heading(ours(page), "You are approved")
    page.get_by_role("button", name="Close").click()
    expect(outcome(page)).to_contain_text("complete approved")
    page.reload()
    expect(page.get_by_role("button", name="Pay")).to_be_visible()
    expect(page.locator("dialog")).to_have_count(0)


def a_double_click_opens_one(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    page.goto(world.shop.url(checkout))
    pay = page.get_by_role("button", name="Pay")
    pay.dblclick()
    same = page.evaluate("Lendport.open(options()) === Lendport.open(options())")
    assert same, "the one that is open is answered"
    refused = page.evaluate("Lendport.open({ clientToken: 'another.token' }).then(() => '', (error) => error.message)")
    assert refused == "Lendport.open: another checkout is open"
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    expect(page.locator("iframe")).to_have_count(1)
    expect(ours(page).locator("iframe")).to_have_count(1)
    press(theirs(ours(page)), "Approve")
    heading(ours(page), "You are approved")
    assert gateway.creates_at(LENDER) == 1
    page.keyboard.press("Escape")
    expect(outcome(page)).to_have_text(re.compile("^complete approved: "))


def the_module_does_the_same(world):
    gateway = world.start()
    page = world.look()
    for path in ("/module", "/named"):
        checkout = gateway.open_checkout(provider=LENDER)
        page.goto(world.shop.url(checkout, path))
        press(page, "Pay")
        press(theirs(ours(page)), "Approve")
        heading(ours(page), "You are approved")
        page.get_by_role("button", name="Close").click()
        expect(outcome(page)).to_contain_text("complete approved")


def a_stranger_is_refused_by_the_browser(world):
    gateway = world.start()
    stranger = world.another_shop("stranger.localhost")
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look(forgives=("frame-ancestors", "CORS", "ERR_FAILED", "ERR_BLOCKED_BY_RESPONSE"))
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(stranger.url(checkout))
    press(page, "Pay")
    refused = f"frame-ancestors {world.shop.origin}"
    until("the frame to be refused", lambda: page.title() and any(refused in text for text in complaints))
    assert all("/c/" not in frame.url for frame in page.frames)
    page.get_by_role("button", name="Close").click()
    expect(outcome(page)).to_have_text('abort unknown: {"status":"unknown","isFinal":false,"returnUrl":null}')
    assert any("/status" in text and "CORS" in text for text in complaints), "the browser kept the answer from the page"
    assert gateway.read(checkout)["status"] == "requires_customer_action"


def blocked_third_party_cookies_change_nothing(world):
    gateway = world.start()
    # The switch with which the browser's makers tested life without them.
    world.launch("--test-third-party-cookie-phaseout", "--enable-features=TrackingProtection3pcd")
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    lender = theirs(ours(page))
    expect(lender.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    inner = next(frame for frame in page.frames if "/c/" in frame.url)
    kept = inner.evaluate("document.cookie = 'a=1; SameSite=None; Secure', document.cookie")
    assert kept == "", "the frame could set a cookie: nothing was blocked"
    press(lender, "Approve")
    heading(ours(page), "You are approved")
    page.get_by_role("button", name="Close").click()
    expect(outcome(page)).to_contain_text("complete approved")
    assert page.context.cookies() == [], "nobody set a cookie"
