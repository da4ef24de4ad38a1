"""For everybody: without a mouse, without eyes, without script, in each language and both schemes."""

import gzip
import re

from playwright.sync_api import expect

from eyes import PHONE, fits, sound
from gateway import http, until
from parts import CHOICE, LENDER, SANDBOX, buy, heading, ours, outcome, press, stage, theirs

LANGUAGES = ("en", "es", "fr")


def keyboard_alone(world):
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    page = world.look()
    page.goto(world.shop.url(checkout))
    pay = page.get_by_role("button", name="Pay")
    pay.focus()
    page.keyboard.press("Enter")
    heading(ours(page), "How would you like to pay?")
    inner = ours(page)

    def tab_to(locator, most=40):
        for _ in range(most):
            page.keyboard.press("Tab")
            behind = page.evaluate("!document.querySelector('dialog').contains(document.activeElement) && document.activeElement !== document.body")
            assert not behind, "the focus left the lightbox for the page behind it"
            if locator.evaluate("(one) => one === document.activeElement"):
                return
        raise AssertionError(f"Tab never reaches {locator}")

    button = inner.get_by_role("button", name="Continue with WeGetFinancing")
    tab_to(button)
    outline = button.evaluate("(one) => getComputedStyle(one).outlineStyle")
    assert outline != "none", "where the focus is can be seen"
    page.keyboard.press("Enter")
    approve = theirs(inner).get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_visible()
    # Escape leaves the lender's page, when the focus is on ours, and the focus is back at what opened it.
    inner.locator("#box-back").focus()
    page.keyboard.press("Escape")
    expect(inner.locator("#open")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(approve)
    page.keyboard.press("Enter")
    heading(inner, "You are approved")
    # The reader is brought to what is new.
    expect(stage(inner).locator("h1")).to_be_focused()
    tab_to(inner.locator("#back"))
    page.keyboard.press("Enter")
    expect(outcome(page)).to_contain_text("complete approved")
    expect(pay).to_be_focused()


def what_changes_is_said(world):
    """A screen reader hears of each change, wherever its reader is."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    page.goto(checkout["checkout_url"])
    heading(page, "Continue with WeGetFinancing")
    page.get_by_role("link", name="Español").focus()
    gateway.decide(LENDER, checkout, "preapproved")
    expect(page.locator("#said")).to_have_text("You are pre-approved")
    expect(page.get_by_role("link", name="Español")).to_be_focused()
    gateway.decide(LENDER, checkout, "approved")
    expect(page.locator("#said")).to_have_text("You are approved")
    assert page.locator("#said").get_attribute("aria-live") == "polite"


def axe_finds_nothing_serious(world):
    """Every page and stage, in light and dark; each language at the stages with most words."""
    gateway = world.start()
    pages = {}
    choose = gateway.open_checkout(**CHOICE)
    pages["choose"] = choose["checkout_url"]
    going = gateway.open_checkout(provider=LENDER)
    pages["continue"] = going["checkout_url"]
    pages["waiting"] = going["checkout_url"] + "?back=complete"
    for status, name in (("preapproved", "preapproved"), ("approved", "approved"), ("rejected", "declined")):
        checkout = gateway.open_checkout(provider=LENDER)
        gateway.decide(LENDER, checkout, status)
        pages[name] = checkout["checkout_url"]
    gone = gateway.open_checkout(provider=SANDBOX)
    assert gateway.ask("POST", f"/v1/checkouts/{gone['id']}/cancel", {}).status in (200, 202)
    gateway.until_status(gone, "canceled")
    pages["canceled"] = gone["checkout_url"]
    pages["unknown"] = f"{gateway.url}/c/nothing"
    pages["docs"] = f"{gateway.url}/docs"
    pages["problems"] = f"{gateway.url}/problems"
    pages["problem"] = f"{gateway.url}/problems/commit_fence"
    for scheme in ("light", "dark"):
        page = world.look(scheme=scheme, viewport=PHONE if scheme == "dark" else {"width": 1180, "height": 800}, forgives=("404",))
        for name, url in pages.items():
            languages = LANGUAGES if "/c/" in url else ("",)
            for language in languages:
                page.goto(f"{url}{'&' if '?' in url else '?'}lang={language}" if language else url)
                expect(page.locator("h1:visible").first).to_be_visible()
                if language:
                    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
                    fits(page)
                sound(page, f"{name} {language} {scheme}")
            world.shot(page, f"{name}-{scheme}", whole=name not in ("docs", "problems"))
        page.goto(pages["continue"])
        stage(page).locator("#open").click()
        expect(theirs(page).get_by_role("button", name="Approve", exact=True)).to_be_visible()
        sound(page, f"the lender's box {scheme}")
        world.shot(page, f"box-{scheme}")
        page.goto(world.shop.url(going))
        press(page, "Pay")
        expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
        sound(page, f"the lightbox {scheme}")
        world.shot(page, f"lightbox-{scheme}")
        page.context.close()


def nothing_but_html(world):
    """Without script: choose, go to the lender, come back, read how it ended."""
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    page = world.look(java_script_enabled=False)
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")
    press(page, "Continue with WeGetFinancing")
    heading(page, "Continue with WeGetFinancing")
    stage(page).locator("#open").click()
    press(page, "Approve")
    page.wait_for_url(re.compile("/c/"))
    until("the result", lambda: "You are approved" in page.reload().text())
    heading(page, "You are approved")
    world.shot(page, "approved")


def little_is_loaded_and_nothing_from_elsewhere(world):
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    page = world.look()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")
    page.wait_for_function("performance.getEntriesByType('resource').length >= 3")
    until("the stream of events", lambda: any("/events" in url for url in asked))
    total = sum(sizes)
    assert 5_000 < total < 60_000, f"{total} bytes were transferred for the page"
    elsewhere = [url for url in asked if not url.startswith(gateway.url)]
    assert elsewhere == [], elsewhere
    assert page.context.cookies() == []
    print(f"page: {total} bytes in {len(sizes)} answers")

    script = http("GET", f"{gateway.url}/assets/lendport.js")
    packed = len(gzip.compress(script.text.encode()))
    assert packed < 8_000, f"lendport.js is {packed} bytes compressed"
    assert gateway.url in script.text and "%LENDPORT" not in script.text
    print(f"lendport.js: {packed} bytes compressed")
    # What is to be read is in the first answer, before any script or style.
    first = http("GET", checkout["checkout_url"]).text
    for text in ("How would you like to pay?", "Television 55″", "1,420.00", "Continue with WePay"):
        assert text in first, text


def it_speaks_the_customers_language(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    for locale, said in (("es-MX", "Continúe con WeGetFinancing"), ("fr-CA", "Continuez avec WeGetFinancing"), ("de-DE", "Continue with WeGetFinancing")):
        page = world.look(locale=locale)
        page.goto(checkout["checkout_url"])
        heading(page, said)
        page.context.close()
    page = world.look()
    page.goto(checkout["checkout_url"])
    page.get_by_role("link", name="Français").click()
    heading(page, "Continuez avec WeGetFinancing")
    gateway.decide(LENDER, checkout, "approved")
    # What is drawn later is in the same language.
    heading(page, "C’est approuvé")
    buy(world, page, gateway.open_checkout(provider=LENDER), lang="es")
    expect(page.get_by_role("button", name="Cerrar")).to_be_visible()
    expect(ours(page).locator("html")).to_have_attribute("lang", "es")


def the_other_direction(world):
    """A page that is read from the right: everything is mirrored and nothing is cut off."""
    gateway = world.start()
    checkout = gateway.open_checkout(**CHOICE)
    for viewport, name in ((PHONE, "phone"), ({"width": 1180, "height": 800}, "desktop")):
        page = world.look(viewport=viewport)
        page.goto(checkout["checkout_url"])
        heading(page, "How would you like to pay?")
        page.evaluate("document.documentElement.dir = 'rtl'")
        fits(page)
        if name == "desktop":
            assert page.locator("#stage").bounding_box()["x"] > page.locator(".order").bounding_box()["x"], "mirrored"
        world.shot(page, name)
        page.context.close()


def nothing_moves_where_that_is_asked_for(world):
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    gateway.decide(LENDER, checkout, "preapproved")
    page = world.look(reduced_motion="reduce")
    page.goto(checkout["checkout_url"])
    heading(page, "You are pre-approved")
    assert page.evaluate("document.getAnimations().length") == 0
    still = world.look()
    still.goto(checkout["checkout_url"])
    heading(still, "You are pre-approved")
    assert still.evaluate("document.getAnimations().length") > 0
