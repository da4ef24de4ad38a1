"""The customer's page by itself."""

import re

from playwright.sync_api import expect

from eyes import PHONE, fits, sound
from gateway import SHORT_LINKS, Lender, http, until
from parts import (
    CARD, CHOICE, LENDER, buy, chosen, frame_at, heading, open_financer, ours, outcome, press, settled, stage, theirs,
    unhurried,
)

def redirect_mode(world):
    """The shop goes to the checkout's page; that one opens the lender, in the whole window too."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER, return_urls=world.shop.return_urls)
    page = unhurried(world.look())
    buy(world, page, checkout, mode="redirect")
    page.wait_for_url(re.compile("/c/"))
    heading(page, "Continue with WeGetFinancing")
    open_financer(page)
    page.get_by_role("link", name="Open in the whole window").click()
    page.wait_for_url(re.compile("/partner.sandbox/"))
    press(page, "Approve")
    page.wait_for_url(re.compile("/c/"))
    heading(page, "You are approved")
    world.shot(page, "approved")
    # And on to the shop by itself.
    page.wait_for_url(f"{world.shop.origin}/ok")
    # The shop's script asks what became of it.
    expect(outcome(page)).to_contain_text("complete approved")


def coming_back_waits_for_the_lender(world):
    """The lender sends the browser back before it tells us: the page waits, and believes nobody else."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER, return_urls=world.shop.return_urls)
    page = unhurried(world.look())
    page.goto(checkout["checkout_url"] + "?back=complete")
    heading(page, "Waiting for WeGetFinancing")
    world.shot(page, "waiting")
    assert gateway.read(checkout)["status"] == "requires_customer_action"
    press(page, re.compile("Open WeGetFinancing again"))
    expect(theirs(page).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    gateway.decide(LENDER, checkout, "approved")
    # The lender's page stays until the customer has seen it.
    press(page, "See it")
    heading(page, "You are approved")
    page.wait_for_url(f"{world.shop.origin}/ok")


def wepay_in_a_frame(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=CARD, provider_options={CARD: {"type": "goods", "mode": "iframe"}})
    assert checkout["next_action"]["type"] == "iframe"
    page = world.look()
    buy(world, page, checkout)
    press(theirs(ours(page)), re.compile("^Pay "))
    # WePay's page says in its own words that it is done; then our server is asked to look.
    heading(ours(page), "Your payment went through")
    gateway.until_status(checkout, "captured")
    world.shot(page, "paid")


def wepay_by_redirect(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=CARD, return_urls=world.shop.return_urls, provider_options={CARD: {"type": "goods", "mode": "regular"}})
    assert checkout["next_action"]["type"] == "redirect"
    page = unhurried(world.look())
    page.goto(checkout["checkout_url"])
    stage(page).locator("#open").click()
    page.wait_for_url(re.compile("/api/checkout/"))
    press(page, re.compile("^Pay "))
    page.wait_for_url(re.compile("/c/"))
    heading(page, "Your payment went through")
    gateway.until_status(checkout, "captured")


def the_next_financer_after_a_decline(world):
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE, return_urls=world.shop.return_urls)
    page = unhurried(world.look())
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")
    world.shot(page, "1-choose", whole=True)
    sound(page, "the choice")
    press(page, "Continue with WeGetFinancing")
    press(theirs(page), "Reject")
    heading(page, "Choose another way to pay")
    expect(stage(page)).to_contain_text("WeGetFinancing could not approve this purchase.")
    expect(page.get_by_role("button", name="Continue with WeGetFinancing")).to_have_count(0)
    world.shot(page, "2-again")
    press(page, "Continue with WePay")
    page.wait_for_url(re.compile("/api/(checkout|iframe)/|/c/"))
    pay = page if "/api/" in page.url else None
    if pay is None:
        until("the payment page", lambda: "/api/" in page.url or page.locator("#box-place iframe").count())
        pay = page if "/api/" in page.url else theirs(page)
    press(pay, re.compile("^Pay "))
    page.wait_for_url(re.compile("/c/"))
    heading(page, "Your payment went through")
    seen = gateway.until_status(checkout, "captured")
    assert [one["status"] for one in seen["attempts"]] == ["declined", "captured"]


def back_from_one_and_on_to_another(world):
    """The first financer sent the browser back before it said no; the page waits for that one, and not for the next."""
    gateway = world.start()
    options = {CARD: {"type": "goods", "mode": "iframe"}}
    checkout = gateway.open_checkout(**CHOICE, provider_options=options)
    page = world.look()
    page.goto(checkout["checkout_url"])
    press(page, "Continue with WeGetFinancing")
    expect(theirs(page).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    page.goto(gateway.way_back(LENDER, checkout))
    heading(page, "Waiting for WeGetFinancing")
    gateway.decide(LENDER, checkout, "rejected")
    heading(page, "Choose another way to pay")
    press(page, "Continue with WePay")
    expect(theirs(page).get_by_role("button", name=re.compile("^Pay "))).to_be_visible()
    assert "back" not in page.url, page.url


def one_that_follows_late_may_be_shown(world):
    """The page is loaded while the next financer is asked, and then shows that one's own page in a frame."""
    gateway = world.start()
    profile = {"cascade": [LENDER, CARD], "policies": {"after_decline": "automatic"}}
    assert gateway.ask("PUT", "/v1/routing", profile).status in (200, 201)
    checkout = gateway.open_checkout(provider_options={CARD: {"type": "goods", "mode": "iframe"}})
    page = world.look()
    page.goto(gateway.way_back(LENDER, checkout))
    heading(page, "Waiting for WeGetFinancing")
    gateway.disturb(CARD, kind="late", delay_ms=10_000)
    gateway.decide(LENDER, checkout, "rejected")
    expect(page.locator("[data-stage=preparing]")).to_have_count(1)
    heading(page, "Continue with WePay")
    page.wait_for_load_state()
    expect(open_financer(page).get_by_role("button", name=re.compile("^Pay "))).to_be_visible()


def an_answer_that_never_comes(world):
    """A phone changes its network, and nobody tells the browser: what has hung is asked for again."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with WeGetFinancing")
    asked = []

    def hang(route):
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/c/*/stage*", hang)
    gateway.decide(LENDER, checkout, "approved")
    heading(page, "You are approved")
    assert len(asked) > 1


def two_tabs_agree(world):
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE, provider_options={CARD: {"type": "goods", "mode": "iframe"}})
    # Who chose second is refused, which the browser writes down.
    first = world.look(forgives=("status of 409", "status of 412"))
    second = first.context.new_page()
    for page in (first, second):
        page.goto(checkout["checkout_url"])
        heading(page, "How would you like to pay?")
    # Both choose at the same moment, each another one: one choice stands, both see it.
    on_the_way = []

    def hold(route):
        on_the_way.append(route)

    first.context.route("**/attempts", hold)
    for page, name in ((first, "WeGetFinancing"), (second, "WePay")):
        press(page, f"Continue with {name}")
    until("both", lambda: first.title() and second.title() and len(on_the_way) == 2)
    for route in on_the_way:
        route.continue_()
    names = [until("a heading", lambda page=page: chosen(page)) for page in (first, second)]
    assert names[0] == names[1], names
    attempts = gateway.read(checkout)["attempts"]
    assert len(attempts) == 1, attempts
    provider = attempts[0]["provider"]
    gateway.decide(provider, checkout, {LENDER: "approved", CARD: "pay"}[provider])
    for page in (first, second):
        until("the result", lambda page=page: settled(page))
        heading(page, {LENDER: "You are approved", CARD: "Your payment went through"}[provider])


def forged_messages_change_nothing(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    inner, lender = frame_at(page, "/c/"), frame_at(page, "/partner.sandbox/")
    # The shop's page and the lender's page say whatever they like to everybody.
    page.evaluate("""() => {
        const frame = document.querySelector("dialog iframe");
        const channel = frame.name.split(":")[1];
        for (const target of [window, frame.contentWindow]) {
            for (const type of ["close", "ready", "came_back"]) target.postMessage({ lendport: 1, channel, type, outcome: "complete" }, "*");
            target.postMessage({ lendport: 1, type: "status", status: "approved" }, "*");
        }
    }""")
    lender.evaluate("""() => {
        for (const target of [parent, top]) {
            for (const type of ["close", "came_back"]) target.postMessage({ lendport: 1, type, outcome: "complete" }, "*");
            target.postMessage("done", "*");
        }
    }""")
    token = checkout["client_token"]
    answer = inner.evaluate("""async (token) => {
        const said = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"outcome":"complete"}' };
        return (await fetch(`/c/${token}/came_back`, said)).status;
    }""", token)
    assert answer == 202
    for _ in range(3):
        assert http("POST", f"{gateway.url}/c/{token}/came_back", {"outcome": "complete"}).status in (202, 429)
    seen = gateway.read(checkout)
    assert (seen["status"], seen["can_fulfill"]) == ("requires_customer_action", False), seen
    expect(page.locator("dialog")).to_have_count(1)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    page.get_by_role("button", name="Close").first.click()
    expect(outcome(page)).to_contain_text("abort continue")


def an_old_link_says_so(world):
    """A link works for a time; here for the shortest there is, a minute."""
    gateway = world.start(settings=SHORT_LINKS)
    page = world.look(forgives=("401", "410"))
    checkout = gateway.open_checkout(provider=LENDER)
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with WeGetFinancing")
    # It says so by itself then.
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has run out")
    world.shot(page, "expired")
    sound(page, "an old link")
    assert http("GET", page.url).status == 410
    buy(world, page, checkout)
    expect(ours(page).get_by_role("heading", level=1)).to_have_text("This link has run out")
    expect(page.locator("dialog iframe")).to_have_css("opacity", "1")
    page.get_by_role("button", name="Close").first.click()
    expect(outcome(page)).to_contain_text('"status":"token_expired"')

    fresh = gateway.ask("POST", f"/v1/checkouts/{checkout['id']}/client_token", {})
    assert fresh.status == 200, fresh.text
    page.goto(fresh.json["checkout_url"])
    heading(page, "Continue with WeGetFinancing")


def a_restart_in_the_middle(world):
    """The gateway dies while the lender decides; the page waits for it and goes on."""
    lender = world.keep(Lender(world.binary, LENDER))
    settings = {"LENDPORT_PROVIDERS__WEGETFINANCING__SANDBOX_BASE_URL": lender.url}
    gateway = world.start(settings=settings, again=True)
    gateway.simulators[LENDER] = lender.url
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look(forgives=("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"))
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with WeGetFinancing")
    gateway.decide(LENDER, checkout, "preapproved")
    heading(page, "You are pre-approved")
    gateway.kill()
    expect(page.locator("#net")).to_be_visible()
    expect(page.locator("#net")).to_contain_text("The connection is interrupted")
    world.shot(page, "interrupted")
    gateway.start()
    gateway.simulators[LENDER] = lender.url
    expect(page.locator("#net")).not_to_be_visible()
    gateway.decide(LENDER, checkout, "approved")
    heading(page, "You are approved")


def without_an_event_stream_questions_do(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look(forgives=("ERR_FAILED", "/events"))
    page.route("**/events", lambda route: route.abort())
    # The first picture of what is new is lost too.
    page.route("**/stage?*", lambda route: route.abort(), times=1)
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with WeGetFinancing")
    gateway.decide(LENDER, checkout, "preapproved")
    heading(page, "You are pre-approved")
    gateway.decide(LENDER, checkout, "approved")
    heading(page, "You are approved")


def a_slow_network(world):
    """Two seconds for every answer, and little room: the page can be read at once and works in the end."""
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    page = world.look()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 2000, "downloadThroughput": 30_000, "uploadThroughput": 15_000}
    network.send("Network.emulateNetworkConditions", slow)
    listening = []
    page.on("request", lambda request: request.url.endswith("/events") and listening.append(request.url))
    page.goto(checkout["checkout_url"], wait_until="commit")
    # Before the script is there the form is a form; clicked twice it is one choice.
    page.get_by_role("button", name="Continue with WeGetFinancing").dblclick(no_wait_after=True)
    heading(page, "Continue with WeGetFinancing")
    # Where the choice went by script, the page it loaded shall not leave its wish to the next.
    page.wait_for_load_state()
    page.reload(wait_until="commit")
    # What the page before it asked for says nothing of the script of this one.
    listening.clear()
    heading(page, "Continue with WeGetFinancing")
    until("the script", lambda: page.title() and listening)
    press(open_financer(page), "Approve")
    heading(page, "You are approved")
    assert len(gateway.read(checkout)["attempts"]) == 1


def a_phone(world):
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    page = world.look(viewport=PHONE, scheme="dark", has_touch=True, is_mobile=True)
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")
    fits(page)
    world.shot(page, "1-choose", whole=True)
    small = page.evaluate("""() => [...document.querySelectorAll("button, .button, summary, footer a")]
        .filter((one) => one.offsetParent && Math.min(one.offsetHeight, one.offsetWidth) < 24).map((one) => one.outerHTML)""")
    assert small == [], f"too small for a finger: {small}"
    page.get_by_role("button", name="Continue with WeGetFinancing").tap()
    expect(theirs(page).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    box = page.locator("#box").bounding_box()
    assert (box["width"], box["height"]) == (PHONE["width"], PHONE["height"]), box
    fits(page)
    world.shot(page, "2-lender")
    theirs(page).get_by_role("button", name="Approve", exact=True).tap()
    heading(page, "You are approved")
    world.shot(page, "3-approved", whole=True)
    # In the shop's lightbox too.
    another = gateway.open_checkout(provider=LENDER)
    buy(world, page, another)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    world.shot(page, "4-lightbox")
