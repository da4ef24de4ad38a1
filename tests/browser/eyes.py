"""A browser to look with: Debian's Chromium driven by Playwright, screenshots as artefacts, axe-core for who cannot see."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Error, expect, sync_playwright

from gateway import PATIENCE_S, Gateway
from shop import Shop

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
DESKTOP = {"width": 1180, "height": 800}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE_S * 1000)


def chromium():
    """Where the browser is."""
    found = os.environ.get("LENDPORT_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "there is no Chromium here: run .ci/install-test-deps.sh once"
    return found


class Folder:
    """A folder for a browser, which may still be writing its last words into it when it is taken away."""

    def __init__(self):
        self.name = tempfile.mkdtemp(prefix="lendport-browser-")

    def close(self):
        shutil.rmtree(self.name, ignore_errors=True)


class World:
    """What a story has: a gateway, a shop on another origin, a browser. All of it is gone afterwards."""

    def __init__(self, binary, shots, story):
        self.binary = binary
        self.shots = Path(shots)
        self.story = story
        self.closing = []
        self.complaints = []
        self.browser = None
        self.driver = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            for page in [page for context in (self.contexts() if kind else []) for page in context.pages]:
                # What was to be seen when it failed; why it failed is said either way.
                print(f"at {page.url}\n{self.text(page)}")
                with suppress(Error):
                    page.screenshot(path=self.shots / f"{self.story}-failed.png")
            if kind:
                for one in self.closing:
                    print(getattr(one, "said", lambda: "")())
        finally:
            for one in reversed(self.closing):
                one.close()

    @staticmethod
    def text(page):
        def of(frame):
            try:
                return frame.locator("body").inner_text(timeout=5_000)[:1500]
            except Error as error:
                return f"{frame.url} shows nothing: {error.message}"

        return "\n".join(of(frame) for frame in page.frames if frame.url != "about:blank")

    def _keep(self, one):
        self.closing.append(one)
        return one

    # ---- servers

    def start(self, origins=(), settings=None, again=False):
        """A gateway with a shop on an allowed origin; one that can be started again, where wanted."""
        self.shop = self._keep(Shop())
        self.gateway = self._keep(Gateway(self.binary, [self.shop.origin, *origins], settings, again))
        self.shop.gateway = self.gateway.url
        return self.gateway

    def another_shop(self, host):
        shop = self._keep(Shop(host))
        shop.gateway = self.gateway.url if hasattr(self, "gateway") else "'none'"
        return shop

    def keep(self, one):
        """Closes it at the end."""
        return self._keep(one)

    # ---- the browser

    def _chromium(self):
        """What starts the browser, and how."""
        if self.driver is None:
            self.driver = sync_playwright().start()

            class Driver:
                def close(_):
                    self.driver.stop()

            self._keep(Driver())
        options = ["--disable-gpu"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")
        return self.driver.chromium, {"executable_path": chromium(), "headless": True, "args": options, "timeout": PATIENCE_S * 1000}

    def contexts(self):
        """The windows of each person."""
        kept = [one for one in self.closing if hasattr(one, "pages")]
        return kept + (self.browser.contexts if self.browser else [])

    def person(self, preferences):
        """A new window of somebody with settings of their own in the browser."""
        folder = self._keep(Folder())
        told = Path(folder.name) / "Default" / "Preferences"
        told.parent.mkdir()
        told.write_text(json.dumps(preferences))
        browser, options = self._chromium()
        context = self._keep(browser.launch_persistent_context(folder.name, viewport=DESKTOP, **options))
        context.set_default_timeout(PATIENCE_S * 1000)
        self.watch(context)
        return context.new_page()

    def look(self, viewport=DESKTOP, scheme="light", locale="en-US", forgives=(), **rest):
        """A new window of a new person. What a page complains about in the console fails the story, but for what is forgiven."""
        if self.browser is None:
            browser, options = self._chromium()
            self.browser = self._keep(browser.launch(**options))
        context = self.browser.new_context(viewport=viewport, color_scheme=scheme, locale=locale, **rest)
        context.set_default_timeout(PATIENCE_S * 1000)
        self.watch(context, forgives)
        return context.new_page()

    def watch(self, context, forgives=()):
        def complain(text):
            if not any(part in text for part in forgives):
                self.complaints.append(text)

        context.on("console", lambda message: message.type == "error" and complain(f"{message.text} ({message.location.get('url', '')})"))
        context.on("weberror", lambda error: complain(str(error.error)))

    def no_complaints(self):
        assert not self.complaints, "the browser complained: " + "\n".join(self.complaints)

    def shot(self, page, name, whole=False):
        """A picture to look at later."""
        self.shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self.shots / f"{self.story}-{name}.png", full_page=whole)


def faults(page):
    """What axe-core calls serious or critical, in all frames of ours."""
    found = []
    for frame in page.frames:
        if "/partner.sandbox/" in frame.url or "/api/" in frame.url or frame.url in ("", "about:blank"):
            continue
        # Evaluated, not loaded: the page's policy stays as it is.
        frame.evaluate(AXE)
        result = frame.evaluate("axe.run(document, { iframes: false, resultTypes: ['violations'] })")
        found += [
            f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['target'] for node in rule['nodes']][:4]}"
            for rule in result["violations"]
            if rule["impact"] in ("serious", "critical")
        ]
    return found


def sound(page, what):
    """Fails when somebody could not use the page."""
    found = faults(page)
    assert not found, f"{what}: " + "\n".join(found)


def fits(page):
    """Fails when the page is wider than its window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than its window"
