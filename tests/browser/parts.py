"""What stories are made of: the windows inside each other, and the buttons in them."""

import re

from playwright.sync_api import expect

from gateway import until

LENDER = "wegetfinancing"
CARD = "wepay"
SANDBOX = "sandbox"
LEASE = "flexshopper"
# A checkout whose shopper chooses among three.
CHOICE = {"customer_chooses": True, "providers": [LENDER, CARD, SANDBOX]}


def stage(place):
    """The part of the customer's page that says where the order stands."""
    return place.locator("#stage")


def heading(place, text):
    expect(stage(place).locator("h1:visible")).to_have_text(text if hasattr(text, "search") else re.compile(text))


def ours(page):
    """The customer's page inside the shop's lightbox."""
    return page.frame_locator("dialog iframe")


def theirs(place):
    """The financer's page inside the customer's page."""
    return place.frame_locator("#box-place iframe")


def window(place):
    """The window that FlexShopper's script opens over the customer's page."""
    return place.frame_locator("dialog[aria-label=FlexShopper] iframe")


def apply(place, email="john@example.com"):
    """Presses FlexShopper's own button and applies; what its window shows then."""
    press(place, "Lease with FlexShopper")
    inside = window(place)
    inside.get_by_label("E-mail").fill(email)
    press(inside, "Apply")
    return inside


def sign(inside):
    """Signs the contract that FlexShopper's window shows."""
    inside.get_by_label("I have read the lease").check()
    press(inside, "Sign the lease")


def frame_at(page, address):
    """The frame whose address holds this, once it is there."""

    def found():
        # Asking the browser anything brings the list of frames up to date.
        page.title()
        return next((frame for frame in page.frames if address in frame.url), None)

    return until(f"a frame at {address}", found)


def press(place, name):
    place.get_by_role("button", name=name, exact=isinstance(name, str)).click()


def buy(world, page, checkout, **query):
    """A shopper on the shop's page presses its button."""
    page.goto(world.shop.url(checkout, **query))
    press(page, "Pay")


def unhurried(page):
    """Our page leads on to the shop four seconds after it has shown how it ended. Here the reader is a busy machine."""
    page.add_init_script("const soon = setTimeout; window.setTimeout = (what, after, ...rest) => soon(what, after === 4000 ? 20_000 : after, ...rest);")
    return page


def outcome(page):
    """What the shop's script was told."""
    return page.locator("#result")


def open_financer(place):
    """Opens the financer's page from the customer's page."""
    stage(place).locator("#open").click()
    return theirs(place)


def chosen(page):
    """Whom the page goes on with; nothing while it is still loading."""
    try:
        text = page.locator("#stage h1:visible").first.inner_text(timeout=1000)
    except Exception:  # noqa: BLE001, a page that is loading has no heading yet
        return None
    return text if text.startswith("Continue with") else None


def settled(page):
    """Closes the financer's page where it is still open."""
    if page.locator("#box-see:visible").count():
        page.locator("#box-see").click()
    return page.locator("[data-stage=approved]").count()
