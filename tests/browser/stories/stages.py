"""Every stage of the customer's page and every other page of ours, looked at by axe-core, in each language. The stages are real:
simulators bring the checkouts there."""

import re
import threading

from playwright.sync_api import expect

from eyes import DESKTOP, PHONE, fits, sound
from gateway import SHORT_LINKS, http, until
from parts import CARD, CHOICE, LEASE, LENDER, SANDBOX, buy, frame_at, heading, ours, press, stage, theirs

LANGUAGES = ("en", "es", "fr")
# The simulator is silent for longer than the story takes, and the gateway waits for it.
PATIENT = {
    "LENDPORT_ENGINE__OPERATION_LEASE_MS": "700000",
    "LENDPORT_SERVER__REQUEST_TIMEOUT_MS": "650000",
    "LENDPORT_PROVIDERS__WEGETFINANCING__REQUEST_TIMEOUT_MS": "600000",
}
# A checkout has room for so many attempts.
ATTEMPTS_MAX = 20


def axe_finds_nothing_serious(world):
    """By day, on a wide window."""
    _look_at_everything(world, "light", DESKTOP)


def axe_finds_nothing_serious_in_the_dark(world):
    """On a phone."""
    _look_at_everything(world, "dark", PHONE)


def _look_at_everything(world, scheme, viewport):
    # First, for the shop buys at the gateway that was started last.
    old = world.start(settings=SHORT_LINKS).open_checkout(provider=LENDER)["checkout_url"]
    gateway = world.start(settings=PATIENT)
    page = world.look(scheme=scheme, viewport=viewport, forgives=("status of 404", "status of 410", "returned"))
    for name, (url, state) in _stages(gateway).items():
        for language in LANGUAGES:
            page.goto(f"{url}{'&' if '?' in url else '?'}lang={language}")
            expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
            expect(page.locator(f"[data-stage={state}] h1:visible")).to_have_count(1)
            fits(page)
            sound(page, f"{name} {language} {scheme}")
            world.shot(page, f"{name}-{language}", whole=True)
        assert page.locator("[data-stage]").get_attribute("data-stage") == state, f"{name} is still {state}"
    _notices(world, gateway, page, old)
    _boxes(world, gateway, page)


def _stages(gateway):
    """The address of a page at each stage, with the word for it."""
    pages = {}

    def keep(name, page, state=None):
        until(f"the stage {name}", lambda: gateway.stands(page) == (state or name))
        pages[name] = (page, state or name)

    keep("choose", gateway.open_checkout(**CHOICE)["checkout_url"])
    again = gateway.open_checkout(**CHOICE)
    assert http("POST", f"{again['checkout_url']}/attempts", {"provider": LENDER, "after": None}).status == 200
    gateway.decide(LENDER, again, "rejected")
    until("the decline", lambda: http("GET", f"{again['checkout_url']}/status").json["previous"])
    keep("again", again["checkout_url"], "choose")

    going = gateway.open_checkout(provider=LENDER)["checkout_url"]
    keep("continue", going)
    lease = gateway.open_checkout(provider=LEASE, items=[{"sku": "TV-1", "name": "Television", "quantity": 1, "unit_price": "900.00"}])
    keep("lease", lease["checkout_url"], "continue")
    pages["waiting"] = (f"{going}?back=complete", "continue")
    for status, name in (("preapproved", "preapproved"), ("approved", "approved"), ("rejected", "declined")):
        checkout = gateway.open_checkout(provider=LENDER)
        gateway.decide(LENDER, checkout, status)
        keep(name, checkout["checkout_url"])
    paid = gateway.open_checkout(provider=CARD, provider_options={CARD: {"type": "goods", "mode": "iframe"}})
    gateway.decide(CARD, paid, "pay")
    keep("paid", paid["checkout_url"], "approved")

    reviewed = gateway.open_checkout(provider=SANDBOX)
    gateway.play(reviewed["next_action"]["url"], "review")
    keep("deciding", reviewed["checkout_url"])

    # Every answer to a create is lost, and to the question for it: nobody knows, and a second create might be a second payment.
    for call in ("create", "find"):
        gateway.disturb(CARD, on=call, kind="lose_reply", times=900)
    lost = gateway.post_checkout(provider=CARD, provider_options={CARD: {"type": "goods", "mode": "iframe"}})
    keep("checking", gateway.page_of(lost))
    # The cents of the total make the sandbox refuse it.
    television = {"sku": "TV-1", "name": "Television", "quantity": 1, "unit_price": "1000.12"}
    keep("failed", gateway.page_of(gateway.post_checkout(provider=SANDBOX, items=[television], shipping_amount="0.00")))

    stopped = gateway.open_checkout(provider=SANDBOX)
    assert gateway.ask("POST", f"/v1/checkouts/{stopped['id']}/cancel", {}).status in (200, 202)
    keep("canceled", stopped["checkout_url"])

    # The page of the financer runs out, again and again, until there is no room for another try.
    late = gateway.open_checkout(provider=SANDBOX)
    for number in range(1, ATTEMPTS_MAX + 1):
        gateway.play(gateway.read(late)["next_action"]["url"], "expire")
        last = number == ATTEMPTS_MAX
        until("its end", lambda last=last: gateway.stands(late["checkout_url"]) == ("expired" if last else "choose"))
        if not last:
            seen = http("GET", f"{late['checkout_url']}/status").json["attempt"]
            assert http("POST", f"{late['checkout_url']}/attempts", {"provider": SANDBOX, "after": seen}).status == 200
    keep("expired", late["checkout_url"])

    back = gateway.open_checkout(provider=SANDBOX)
    gateway.play(back["next_action"]["url"], "approve")
    gateway.until_status(back, "captured")
    refund = gateway.ask("POST", f"/v1/checkouts/{back['id']}/refunds", {})
    assert refund.status in (200, 201, 202), refund.text
    keep("closed", back["checkout_url"])

    # Last, for it lasts as long as the simulator is silent.
    asked = gateway.open_checkout(**CHOICE)
    gateway.disturb(LENDER, kind="silence", delay_ms=900_000)
    choice = {"provider": LENDER, "after": None}
    threading.Thread(target=_unheard, args=(f"{asked['checkout_url']}/attempts", choice), daemon=True).start()
    keep("preparing", asked["checkout_url"])
    return pages


def _unheard(url, body):
    """Asks, and is gone before there is an answer."""
    try:
        http("POST", url, body)
    except OSError:
        pass


def _notices(world, gateway, page, old):
    """What is no checkout's page."""
    pages = {
        "unknown": f"{gateway.url}/c/nothing",
        "docs": f"{gateway.url}/docs",
        "problems": f"{gateway.url}/problems",
        "problem": f"{gateway.url}/problems/commit_fence",
        "old": old,
    }
    for name, url in pages.items():
        if name == "old":
            until("a link that has run out", lambda: http("GET", old).status == 410)
        page.goto(url)
        expect(page.locator("h1:visible").first).to_be_visible()
        fits(page)
        sound(page, name)
        world.shot(page, name, whole=name not in ("docs", "problems"))


def _boxes(world, gateway, page):
    """The lender's box, the lightbox over a shop's page, and what a lender's frame comes back to."""
    approve = {"name": "Approve", "exact": True}
    going = gateway.open_checkout(provider=LENDER)
    page.goto(going["checkout_url"])
    stage(page).locator("#open").click()
    expect(theirs(page).get_by_role("button", **approve)).to_be_visible()
    sound(page, "the lender's box")
    world.shot(page, "box")
    gateway.decide(LENDER, going, "approved")
    expect(page.locator("#box-news")).to_be_visible()
    sound(page, "news in the lender's box")
    world.shot(page, "box-news")
    buy(world, page, gateway.open_checkout(**CHOICE))
    heading(ours(page), "How would you like to pay?")
    sound(page, "the choice in the lightbox")
    world.shot(page, "lightbox-choose")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    buy(world, page, gateway.open_checkout(provider=LENDER))
    expect(theirs(ours(page)).get_by_role("button", **approve)).to_be_visible()
    sound(page, "the lightbox")
    world.shot(page, "lightbox")
    # Without its script the page that the lender sends its frame back to stays, and leads on by a link.
    page.route("**/returned.*.js", lambda route: route.abort())
    press(theirs(ours(page)), "Abandon")
    expect(theirs(ours(page)).get_by_role("heading", level=1)).to_have_text("You are back")
    assert "/r/" in frame_at(page, "/r/").url
    sound(page, "what the lender's frame comes back to")
    world.shot(page, "returned")
