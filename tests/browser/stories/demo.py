"""The demo shop, on the gateway and on a port of its own."""

import re

from playwright.sync_api import expect

from eyes import PHONE, fits, sound
from parts import apply, heading, ours, press, sign, theirs


def the_demo_tells_the_whole_story(world):
    gateway = world.start()
    for place in (f"{gateway.url}/demo", gateway.shop):
        page = world.look()
        page.goto(place)
        expect(page.locator(".cart")).to_have_count(3)
        sound(page, "the demo shop")
        world.shot(page, "1-carts")
        page.locator(".cart").first.get_by_role("button").dblclick()
        inner = ours(page)
        heading(inner, "How would you like to pay?")
        press(inner, "Continue with WeGetFinancing")
        press(theirs(inner), "Approve")
        heading(inner, "You are approved")
        page.get_by_role("button", name="Close").first.click()
        cards = page.locator(".card")
        expect(cards.filter(has_text="checkout.ready_to_fulfill")).to_have_count(1)
        expect(cards.filter(has_text="POST /v1/checkouts").first).to_be_visible()
        expect(cards.filter(has_text="signature verified").first).to_be_visible()
        expect(page.locator("#order-state")).to_contain_text("checkout.ready_to_fulfill")
        assert page.locator(".card.bad").count() == 0
        sound(page, "the demo shop with its cards")
        world.shot(page, "2-story", whole=True)
        page.context.close()
    _lease_it(world, gateway)
    phone = world.look(viewport=PHONE, scheme="dark")
    phone.goto(gateway.shop)
    expect(phone.locator(".cart")).to_have_count(3)
    fits(phone)
    sound(phone, "the demo shop on a phone")
    world.shot(phone, "3-phone", whole=True)


def _lease_it(world, gateway):
    """The cart that fits all, leased by whom FlexShopper's simulator proposes."""
    page = world.look()
    page.goto(gateway.shop)
    page.locator(".cart").first.get_by_role("button").click()
    inner = ours(page)
    expect(inner.locator(".choice").filter(has_text="FlexShopper")).to_contain_text("Not a loan.")
    press(inner, "Continue with FlexShopper")
    sign(apply(inner, "john@example.com"))
    heading(inner, "You are approved")
    world.shot(page, "4-leased")
    page.context.close()


def each_cart_of_the_demo_opens(world):
    def hold(_):
        """Never answered."""

    gateway = world.start()
    page = world.look()
    page.goto(gateway.shop)
    expect(page.locator(".cart")).to_have_count(3)
    # Nobody waits for how the one before stands.
    page.route("**/c/*/status", hold)
    for number in range(3):
        page.locator(".cart").nth(number).get_by_role("button").click()
        expect(ours(page).locator("#stage h1:visible")).to_have_text(re.compile("pay|Continue"))
        page.get_by_role("button", name="Close").first.click()
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.locator("#trouble")).not_to_be_visible()
