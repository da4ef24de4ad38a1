"""A shop's page on another origin opens the checkout over itself."""

import re

from playwright.sync_api import expect

from eyes import sound
from gateway import until
from parts import LENDER, buy, frame_at, heading, ours, outcome, press, theirs


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


def the_next_financer_follows_by_itself(world):
    gateway = world.start()
    profile = {"cascade": [LENDER, "wepay"], "policies": {"after_decline": "automatic"}}
    assert gateway.ask("PUT", "/v1/routing", profile).status in (200, 201)
    checkout = gateway.open_checkout()
    page = world.look()
    buy(world, page, checkout)
    press(theirs(ours(page)), "Reject")
    # Nobody pressed anything: the page leads on to the next one.
    heading(ours(page), "Continue with WePay")
    world.shot(page, "next")
    sound(page, "the next financer")
    seen = gateway.read(checkout)
    assert [attempt["status"] for attempt in seen["attempts"]] == ["declined", "awaiting_customer"], seen["attempts"]


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
    # Away from the lightbox in each way there is, and each time back to the same.
    close = page.locator("dialog > div > button")
    ways = {
        "Escape in the checkout's page": lambda: page.keyboard.press("Escape"),
        "Escape at the lightbox's own button": lambda: (close.focus(), page.keyboard.press("Escape")),
        "the button, over the lender's page": close.click,
        "the browser by itself": lambda: page.evaluate("document.querySelector('dialog').close()"),
    }
    for number, (way, leave) in enumerate(ways.items(), 1):
        if number > 1:
            press(page, "Pay")
            expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
        leave()
        said = ", ".join(["abort continue"] * number)
        expect(outcome(page), way).to_have_text(f'{said}: {{"status":"continue","isFinal":false,"returnUrl":"https://shop.example/cart"}}')
        expect(page.locator("dialog"), way).to_have_count(0)
        assert page.evaluate("document.documentElement.style.cssText") == "", f"{way}: the page behind is free again"
        expect(page.get_by_role("button", name="Pay"), way).to_be_focused()
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


def only_its_own_frame_is_heard(world):
    """A message counts when origin, window and channel are right. Here each of the three is wrong by itself."""
    gateway = world.start()
    stranger = world.another_shop("stranger.localhost")
    world.shop.frames = stranger.origin
    checkout = gateway.open_checkout(provider=LENDER)
    page = world.look()
    buy(world, page, checkout)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    channel = page.evaluate("document.querySelector('dialog iframe').name.split(':')[1]")
    right = {"lendport": 1, "channel": channel, "type": "close", "status": "approved"}
    page.evaluate("window.arrived = []; addEventListener('message', ({ data }) => arrived.push(data?.type))")

    def say(frame, message, count):
        # When it has arrived, the script that listened before us has heard it too.
        frame.evaluate("(message) => parent.postMessage(message, '*')", message)
        until("the message", lambda: page.evaluate("arrived.filter((one) => one === 'close').length") == count)
        expect(page.locator("dialog")).to_have_count(1)

    inner = frame_at(page, f"/c/{checkout['client_token']}")
    say(inner, right | {"channel": "0" * len(channel)}, 1)
    # Another page of the gateway in a frame of its own.
    other = gateway.open_checkout(provider=LENDER)
    page.evaluate("(url) => document.body.append(Object.assign(document.createElement('iframe'), { src: url }))", other["checkout_url"])
    second = frame_at(page, f"/c/{other['client_token']}")
    say(second, right, 2)
    # Nor does the checkout's page take it for the financer's frame: that stays open.
    inner.evaluate("window.arrived = 0; addEventListener('message', () => { arrived += 1; })")
    second.evaluate("for (let at = 0; at < parent.length; at += 1) parent[at].postMessage({ lendport: 1, type: 'came_back', outcome: 'complete' }, '*')")
    until("the message", lambda: inner.evaluate("arrived") == 1)
    expect(ours(page).locator("#box-place iframe")).to_have_count(1)
    # The frame is led to another site; its name, and with it the channel, is still there.
    page.evaluate("(url) => { document.querySelector('dialog iframe').src = url; }", f"{stranger.origin}/cookie")
    say(frame_at(page, stranger.origin), right, 3)
    page.locator("dialog > div > button").click()
    expect(outcome(page)).to_contain_text("abort continue")
    # And right in all three: it closes, and how it stands is still the gateway's word.
    press(page, "Pay")
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    inner = frame_at(page, f"/c/{checkout['client_token']}")
    channel = page.evaluate("document.querySelector('dialog iframe').name.split(':')[1]")
    inner.evaluate("(message) => parent.postMessage(message, '*')", right | {"channel": channel})
    expect(outcome(page)).to_contain_text("abort continue, abort continue")


def a_forged_return_only_waits(world):
    """Whoever knows the address for a financer's success goes there before anything was decided: the page waits, and no more."""
    gateway = world.start()
    checkout = gateway.open_checkout(provider=LENDER)
    success = gateway.way_back(LENDER, checkout)
    assert success.startswith(f"{gateway.url}/r/"), success
    page = world.look()
    buy(world, page, checkout)
    expect(theirs(ours(page)).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    lender = frame_at(page, "/partner.sandbox/")
    with page.expect_response(lambda answer: answer.url.endswith("/came_back") and answer.status == 202):
        lender.evaluate("(url) => { location.href = url; }", success)
    heading(ours(page), "Waiting for WeGetFinancing")
    world.shot(page, "waiting")
    seen = gateway.read(checkout)
    assert (seen["status"], seen["can_fulfill"]) == ("requires_customer_action", False), seen
    page.get_by_role("button", name="Close").click()
    expect(outcome(page)).to_contain_text('abort continue: {"status":"continue","isFinal":false')


def blocked_third_party_cookies_change_nothing(world):
    """The browser is set to keep the cookies of frames, and to block them. A tracker's frame shows that it does."""
    gateway = world.start()
    # Another host than the shop's, as the gateway and the lender are too; cookies know no ports.
    tracker = world.another_shop("127.0.0.1")
    world.shop.frames = tracker.origin
    for blocked, said in ((False, "kept=1"), (True, "none")):
        checkout = gateway.open_checkout(provider=LENDER)
        page = world.person({"profile": {"cookie_controls_mode": int(blocked), "block_third_party_cookies": blocked}})
        # The tracker sets its cookie where it may, and asks for it in a frame of the shop's page.
        for _ in range(2):
            page.goto(f"{tracker.origin}/cookie")
        expect(page.locator("p")).to_have_text("kept=1")
        page.goto(world.shop.url(checkout))
        page.evaluate("(url) => document.body.append(Object.assign(document.createElement('iframe'), { id: 'tracker', src: url }))", f"{tracker.origin}/cookie")
        expect(page.frame_locator("#tracker").locator("p")).to_have_text(said)
        press(page, "Pay")
        lender = theirs(ours(page))
        expect(lender.get_by_role("button", name="Approve", exact=True)).to_be_visible()
        inner = frame_at(page, "/c/")
        assert inner.evaluate("document.cookie") == ("" if blocked else "kept=1")
        press(lender, "Approve")
        heading(ours(page), "You are approved")
        page.get_by_role("button", name="Close").click()
        expect(outcome(page)).to_contain_text("complete approved")
        names = {cookie["name"] for cookie in page.context.cookies()}
        assert names == {"kept"}, f"somebody else set a cookie: {names}"
        page.context.close()
