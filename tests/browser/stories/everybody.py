"""For everybody: without a mouse, without eyes, without script, in each language and both schemes."""

import gzip
import re

from playwright.sync_api import expect

from eyes import PHONE, fits
from gateway import http, until
from parts import CHOICE, LENDER, buy, heading, ours, outcome, press, stage, theirs

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

    behind = "!document.querySelector('dialog').contains(document.activeElement) && document.activeElement !== document.body"

    def tab_to(locator, most=40):
        for _ in range(most):
            page.keyboard.press("Tab")
            assert not page.evaluate(behind), "the focus left the lightbox for the page behind it"
            if locator.evaluate("(one) => one === document.activeElement"):
                return
        raise AssertionError(f"Tab never reaches {locator}")

    # Round and round, in both directions: what lies behind is never reached.
    for key in ("Tab", "Shift+Tab"):
        for _ in range(25):
            page.keyboard.press(key)
            assert not page.evaluate(behind), f"{key} led to the page behind the lightbox"
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
    asked, sizes = _on_the_wire(page)
    page.goto(checkout["checkout_url"])
    heading(page, "How would you like to pay?")

    def loaded():
        page.title()
        # The stream of events is the last that the page asks for, and the only one that goes on.
        open_ones = [url for one, url in asked.items() if one not in sizes]
        return len(open_ones) == 1 and open_ones[0].endswith("/events")

    until("everything", loaded)
    _show("the page", asked, sizes)
    kinds = sorted(url.split("?")[0].rsplit(".", 1)[-1] for url in asked.values() if "/assets/" in url)
    assert kinds == ["css", "css", "js", "js", "js", "js", "js", "svg"], f"another file is loaded, or one less: {kinds}"
    total = sum(sizes.values())
    assert total < 60_000, f"{total} bytes were transferred for the page"
    elsewhere = [url for url in asked.values() if not url.startswith(gateway.url)]
    assert elsewhere == [], elsewhere
    assert page.context.cookies() == []

    # What a shop's page loads, as the browser asks for it.
    script_url = f"{gateway.url}/assets/lendport.js"
    shop = world.look()
    asked, sizes = _on_the_wire(shop)
    shop.goto(world.shop.url(checkout))
    until("the script", lambda: shop.evaluate("typeof Lendport === 'object'"))
    until("its size", lambda: shop.title() and any(url == script_url and one in sizes for one, url in asked.items()))
    _show("a shop's page", asked, sizes)
    packed = next(sizes[one] for one, url in asked.items() if url == script_url)
    assert packed < 8_000, f"lendport.js: {packed} bytes were transferred"
    # To the byte, for browsers that know nothing better: the body as it is served.
    body = http("GET", script_url, headers={"Accept-Encoding": "gzip"})
    assert body.headers["Content-Encoding"] == "gzip" and len(body.bytes) < 8_000, body.headers
    script = gzip.decompress(body.bytes).decode()
    assert gateway.url in script and "%LENDPORT" not in script
    print(f"lendport.js: {len(body.bytes)} bytes with gzip, {len(script.encode())} unpacked")
    # What is to be read is in the first answer, and it is drawn before any script has come.
    texts = ("How would you like to pay?", "Television 55″", "1,420.00", "Continue with WePay")
    first = http("GET", checkout["checkout_url"]).text
    assert [text for text in texts if text not in first] == []
    bare = world.look(forgives=("ERR_FAILED",))
    held = []
    bare.route("**/*.js", lambda route: held.append(route))
    bare.goto(checkout["checkout_url"], wait_until="commit")
    for text in texts:
        expect(bare.locator("body")).to_contain_text(text, use_inner_text=True)
    until("the first picture", lambda: bare.evaluate("performance.getEntriesByName('first-contentful-paint').length"))
    assert held, "the script had come already"
    world.shot(bare, "before-script")
    for route in held:
        route.abort()


def _on_the_wire(page):
    """Addresses and sizes of all that a page loads, by request; sizes with headers, as they cross the network."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked, sizes = {}, {}
    network.on("Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]}))
    network.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])}))
    return asked, sizes


def _show(what, asked, sizes):
    for one, size in sizes.items():
        print(f"{size:6}  {asked.get(one, '?').split('?')[0][-60:]}")
    print(f"{sum(sizes.values()):6}  bytes for {what}, in {len(sizes)} answers")


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
    heading(page, "Votre demande est approuvée")
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
        else:
            assert page.locator(".top-total").bounding_box()["x"] < 40, "the sum is at the other end of the line"
        world.shot(page, name)
        page.context.close()


def the_language_is_kept_on_the_way(world):
    """Financers bring no language back: whoever chose one, by the shop or on the page, has it after the lender's page too."""
    gateway = world.start()
    for choose in ("the page", "the shop"):
        checkout = gateway.open_checkout(provider=LENDER, return_urls={})
        page = world.look()
        if choose == "the page":
            page.goto(checkout["checkout_url"])
            page.get_by_role("link", name="Español").click()
        else:
            buy(world, page, checkout, mode="redirect", lang="es")
        heading(page, "Continúe con WeGetFinancing")
        # Before its script is there the link leaves in the whole window.
        page.wait_for_load_state()
        stage(page).locator("#open").click()
        page.get_by_role("link", name="Abrir en toda la ventana").click()
        page.wait_for_url(re.compile("/partner.sandbox/"))
        press(page, "Abandon")
        page.wait_for_url(re.compile(r"/c/.*back=abort"))
        heading(page, "Continúe con WeGetFinancing")
        page.wait_for_load_state()
        assert gateway.read(checkout)["status"] == "requires_customer_action"
        stage(page).locator("#open").click()
        page.get_by_role("link", name="Abrir en toda la ventana").click()
        page.wait_for_url(re.compile("/partner.sandbox/"))
        press(page, "Approve")
        page.wait_for_url(re.compile(r"/c/.*back=complete"))
        heading(page, "Su solicitud fue aprobada")
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
