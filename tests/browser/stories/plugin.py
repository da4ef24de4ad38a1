"""A financer that a script of its own shows: FlexShopper, whose button is in the customer's page and whose window opens over it."""

import re

from playwright.sync_api import expect

from eyes import PHONE, fits, sound
from gateway import http, until
from parts import LEASE, LENDER, SANDBOX, apply, buy, heading, ours, outcome, press, sign, stage, window

# Below what FlexShopper's simulator lets anybody spend.
TELEVISION = [{"sku": "TV-1", "name": "Television 55″", "quantity": 1, "unit_price": "1000.00"}]
# A checkout whose shopper chooses.
CHOICE = {"customer_chooses": True, "providers": [LEASE, LENDER]}
BUTTON = {"name": "Lease with FlexShopper", "exact": True}


def _lease(gateway, **rest):
    return gateway.open_checkout(**{"items": TELEVISION} | (rest or {"provider": LEASE}))


def _order(gateway, checkout):
    """What FlexShopper knows of a checkout's order."""
    reference = gateway.read(checkout)["attempt"]["provider_reference"]
    return http("GET", f"{gateway.simulators[LEASE]}/_sim/requests/{reference}")


def _calls(gateway, name):
    return http("GET", f"{gateway.simulators[LEASE]}/_sim/calls").json.get(name, 0)


def lease_in_the_lightbox(world):
    gateway = world.start()
    checkout = _lease(gateway)
    page = world.look()
    buy(world, page, checkout)
    inner = ours(page)
    heading(inner, "Continue with FlexShopper")
    expect(stage(inner)).to_contain_text("Not a loan. You rent the goods and can come to own them. The total cost of rental is shown before you sign.")
    # One financer goes straight on: its button is there.
    expect(inner.get_by_role("button", **BUTTON)).to_be_visible()
    sound(page, "FlexShopper's button")
    world.shot(page, "1-button")
    inside = apply(inner)
    expect(inside.get_by_text("Cost of rental")).to_be_visible()
    world.shot(page, "2-contract")
    assert gateway.read(checkout)["status"] == "requires_customer_action"
    sign(inside)
    heading(inner, "You are approved")
    world.shot(page, "3-approved")
    sound(page, "approved by FlexShopper")
    seen = gateway.until_status(checkout, "authorized")
    assert seen["can_fulfill"] and seen["amounts"]["authorized"] == "1050.00", seen
    order = _order(gateway, checkout).json
    assert order["finalized"] and _calls(gateway, "finalize") == 1, order
    inner.get_by_role("link", name="Back to Demo TV").click()
    expect(outcome(page)).to_contain_text('complete approved: {"status":"approved","isFinal":true')
    expect(page.get_by_role("button", name="Pay")).to_be_focused()


def lease_in_the_whole_window(world):
    gateway = world.start()
    checkout = _lease(gateway, provider=LEASE, return_urls=world.shop.return_urls)
    page = world.look(viewport=PHONE, scheme="dark")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with FlexShopper")
    # Nothing of another company before the customer asks for it, and nothing that leads to the script.
    assert [url for url in asked if not url.startswith(gateway.url)] == []
    script = checkout["next_action"]["url"]
    assert script not in page.content().replace(f'"url":"{script}"', ""), "the page leads to the script"
    page.locator("#open").click()
    expect(page.get_by_role("button", **BUTTON)).to_be_visible()
    expect(page.locator("#plugin-place")).to_be_focused()
    expect(page.locator("#open")).not_to_be_visible()
    fits(page)
    sound(page, "FlexShopper's button on a phone")
    world.shot(page, "1-button", whole=True)
    inside = apply(page)
    expect(inside.get_by_text("Cost of rental")).to_be_visible()
    fits(page)
    world.shot(page, "2-contract")
    sign(inside)
    heading(page, "You are approved")
    expect(page.locator("dialog[aria-label=FlexShopper]")).to_have_count(0)
    world.shot(page, "3-approved", whole=True)
    gateway.until_status(checkout, "authorized")


def closing_the_plugin_ends_nothing(world):
    gateway = world.start()
    checkout = _lease(gateway, **CHOICE)
    page = world.look()
    buy(world, page, checkout)
    inner = ours(page)
    press(inner, "Continue with FlexShopper")
    # Chosen, so its button is there without another press.
    for close in ("the window's button", "Escape", "leaving it inside"):
        press(inner, "Lease with FlexShopper")
        expect(window(inner).get_by_label("E-mail")).to_be_visible()
        if close == "Escape":
            inner.get_by_role("button", name="Close FlexShopper").focus()
            page.keyboard.press("Escape")
        elif close == "leaving it inside":
            press(window(inner), "Leave")
        else:
            press(inner, "Close FlexShopper")
        expect(inner.locator("dialog[aria-label=FlexShopper]"), close).to_have_count(0)
        heading(inner, "Continue with FlexShopper")
        expect(inner.get_by_role("button", **BUTTON), close).to_be_visible()
    expect(inner.locator("details.others")).to_be_visible()
    assert gateway.read(checkout)["status"] == "requires_customer_action"
    page.get_by_role("button", name="Close").first.click()
    expect(outcome(page)).to_contain_text("abort continue")
    # Who comes back goes on where it was, after a reload of the shop's page too.
    page.reload()
    press(page, "Pay")
    sign(apply(ours(page)))
    heading(ours(page), "You are approved")
    assert len(gateway.read(checkout)["attempts"]) == 1


def another_financer_after_flexshoppers_no(world):
    gateway = world.start()
    checkout = _lease(gateway, **CHOICE)
    page = world.look()
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")
    press(page, "Continue with FlexShopper")
    inside = apply(page, "john+deny@example.com")
    expect(inside.get_by_text("We cannot offer you a lease at this time.")).to_be_visible()
    world.shot(page, "1-declined")
    press(inside, "Back to the shop")
    heading(page, "Continue with FlexShopper")
    # The script tells nobody of a decline: the customer goes on to another one.
    page.get_by_text("Or pay another way", exact=True).click()
    world.shot(page, "2-others", whole=True)
    press(page, "Continue with WeGetFinancing")
    press(page.frame_locator("#box-place iframe"), "Approve")
    heading(page, "You are approved")
    seen = gateway.until_status(checkout, "authorized")
    assert seen["provider"] == LENDER, seen
    # Its page does not let FlexShopper's scripts in any more.
    assert gateway.simulators[LEASE] not in http("GET", checkout["checkout_url"]).headers["Content-Security-Policy"]
    assert _calls(gateway, "finalize") == 0


def a_script_that_does_not_come(world):
    """The script's host is down, answers with an error, or with a page: the customer reads so, and may try again or pay another way."""
    gateway = world.start()
    checkout = _lease(gateway, **CHOICE)
    page = world.look(forgives=("status of 503", "status of 500", "MIME type", "ERR_", "SyntaxError", "Unexpected token"))
    page.goto(checkout["checkout_url"])
    disturb = [("down", None), ("an error", {"kind": "status", "status": 503}), ("a page", {"kind": "html"})]
    script = re.compile(re.escape(gateway.simulators[LEASE]) + "/sdk/js")
    for number, (what, fault) in enumerate(disturb):
        if fault:
            gateway.disturb(LEASE, on="script", **fault)
        else:
            page.route(script, lambda route: route.abort("connectionrefused"), times=1)
        press(page, "Try again" if number else "Continue with FlexShopper")
        expect(page.get_by_role("alert").filter(has_text="FlexShopper could not be loaded"), what).to_be_visible()
        expect(page.get_by_role("button", name="Continue with WeGetFinancing"), what).to_be_visible()
        expect(page.get_by_role("button", **BUTTON)).to_have_count(0)
        if number:
            expect(page.locator("#plugin-again")).to_be_focused()
    world.shot(page, "trouble", whole=True)
    sound(page, "a script that does not come")
    press(page, "Try again")
    expect(page.get_by_role("button", **BUTTON)).to_have_count(1)
    expect(page.get_by_role("alert")).not_to_be_visible()
    sign(apply(page))
    heading(page, "You are approved")


def no_other_script_runs(world):
    """The page of a plugin lets scripts and frames of its host in, and nobody else's, whatever gets into the page."""
    gateway = world.start()
    stranger = world.another_shop("stranger.localhost")
    checkout = _lease(gateway)
    page = world.look(forgives=("Content Security Policy", "violates"))
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with FlexShopper")
    page.locator("#open").click()
    expect(page.get_by_role("button", **BUTTON)).to_be_visible()
    attempts = {
        "another host's script": "document.head.append(Object.assign(document.createElement('script'), { src: ADDRESS + '/shop.js' }))",
        "a script in the page": "document.head.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))",
        "another host's frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: ADDRESS + '/' }))",
        "another host's answer": "fetch(ADDRESS + '/').catch(() => 0)",
    }
    for what, attempt in attempts.items():
        before = len(complaints)
        page.evaluate(attempt.replace("ADDRESS", repr(stranger.origin)))
        until(what, lambda before=before: page.title() and any("Content Security Policy" in text for text in complaints[before:]))
    assert page.evaluate("[window.ran, typeof options]") == [None, "undefined"], "a stranger's script ran"
    # A page without a plugin does not even let FlexShopper in.
    other = gateway.open_checkout(provider=SANDBOX)
    page.goto(other["checkout_url"])
    heading(page, "Continue with Sandbox")
    before = len(complaints)
    page.evaluate("(src) => { document.head.append(Object.assign(document.createElement('script'), { src })); }", checkout["next_action"]["url"])
    until("the refusal", lambda: page.title() and any("Content Security Policy" in text for text in complaints[before:]))
    assert page.evaluate("typeof FlexSDK") == "undefined"


def what_the_script_says_is_a_hint(world):
    """Whatever calls `onSign`, and with whatever: the page waits, and believes the gateway alone."""
    gateway = world.start()
    checkout = _lease(gateway)
    page = world.look()
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with FlexShopper")
    # A script that signs at once.
    forged = "window.FlexSDK = { Button: ({ createOrder, onSign }) => ({ render() { createOrder({}, { transaction: { create: (order) => { " \
             "window.order = order; } } }); onSign({ leaseNumber: '1', transactionId: 'x' }); } }) };"
    page.route("**/sdk/js*", lambda route: route.fulfill(body=forged, content_type="text/javascript"))
    with page.expect_response(lambda answer: answer.url.endswith("/came_back") and answer.status == 202):
        page.locator("#open").click()
    heading(page, "Waiting for FlexShopper")
    world.shot(page, "waiting")
    # What it was handed is the stored order, to the cent.
    order = page.evaluate("window.order")
    told = gateway.ask("GET", f"/v1/checkouts/{checkout['id']}/plugin").json
    assert order == told["order"] and (order["cost"], order["items"][0]["shipping"]["cost"]) == (1000, 50), order
    seen = gateway.read(checkout)
    assert (seen["status"], seen["can_fulfill"]) == ("requires_customer_action", False), seen
    assert _calls(gateway, "finalize") == 0
    page.unroute("**/sdk/js*")
    page.reload()
    page.locator("#open").click()
    sign(apply(page))
    heading(page, "You are approved")


def the_plugin_without_a_script(world):
    gateway = world.start()
    checkout = _lease(gateway, **CHOICE)
    page = world.look(java_script_enabled=False)
    page.goto(checkout["checkout_url"])
    press(page, "Continue with FlexShopper")
    heading(page, "Continue with FlexShopper")
    # What only such readers see is no text to the driver.
    expect(stage(page).locator("noscript p").first).to_be_visible()
    assert "FlexShopper works with JavaScript only." in stage(page).locator("noscript").first.inner_html()
    expect(page.locator("#open")).not_to_be_visible()
    # Another financer can be chosen all the same.
    page.get_by_text("Or pay another way", exact=True).click()
    press(page, "Continue with WeGetFinancing")
    heading(page, "Continue with WeGetFinancing")
    expect(page.locator("a#open")).to_be_visible()


def the_made_up_providers_plugin(world):
    gateway = world.start()
    television = {"sku": "TV-1", "name": "Television", "quantity": 1, "unit_price": "1000.36"}
    checkout = gateway.open_checkout(provider=SANDBOX, items=[television], shipping_amount="0.00")
    page = world.look()
    buy(world, page, checkout)
    inner = ours(page)
    press(inner, "Apply at Sandbox")
    press(inner.frame_locator("dialog[aria-label=Sandbox] iframe"), "Approve")
    heading(inner, "You are approved")
    world.shot(page, "approved")
    gateway.until_status(checkout, "captured")
