"""A real browser for tests: the system's Chromium, or none.

Where there is none, root on Debian gets its package once; elsewhere tests that need it are skipped
and say what was not tested.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = (
    "no Chromium: the pages were not opened, clicked or typed into, and not checked by axe-core. "
    "To have that tested: apt-get install chromium"
)
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,  # it would ask for the style sheet again, which pages do not allow
}
COLOURS = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block"],
}  # what dark may change
AT_REST = """document.fonts.ready.then(
    () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
)"""  # fonts are there, and what scripts lay out thereupon


def installed() -> str | None:
    """Find Chromium; where root may, install Debian's package first."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    if os.geteuid() or not shutil.which("apt-get"):
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("update", "install --yes --no-install-recommends chromium"):
        subprocess.run(
            ["apt-get", "-qq", *command.split()],
            env=quiet,
            capture_output=True,
            timeout=600,
            check=False,
        )
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    path = installed()
    if not path:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


class Visit:
    """A page, and all that it says on the console, asks of a network, or pops up."""

    def __init__(self, browser, **context) -> None:
        self.context = browser.new_context(**{"reduced_motion": "reduce", **context})
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.heard: list[str] = []
        self.page.on("console", lambda message: self.heard.append(message.text))
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.heard.append("dialog"), dialog.dismiss()))
        self.page.on("request", self.request)

    def request(self, request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.heard.append(f"request: {request.url}")

    def open(self, file: Path, state: str = ""):
        self.page.goto("about:blank")
        self.page.goto(file.as_uri() + state)
        return self.page


STOPS = """(all) => all
    .filter((one) => one.checkVisibility() || one.classList.contains("skip"))
    .map((one, n) => { one.dataset.stop = n; return one.outerHTML.slice(0, 80); })"""
FOCUS = """() => {
    const one = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    const { left, right, top, bottom } = one.getClientRects()[0];
    const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const large = bottom - top > innerHeight; // a table, whose middle may be out of sight
    return [
        Number(one.dataset.stop),
        outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        large || (at !== null && (one.contains(at) || at.contains(one))),
    ];
}"""


def tabbed(page):
    """Press the tabulator through a page: what is not reached in its order, or not seen then."""
    stops = page.locator("a[href], button, input, select, summary, [tabindex='0']")
    found = []
    for number, one in enumerate(stops.evaluate_all(STOPS)):
        page.keyboard.press("Tab")
        stop, outlined, seen = page.evaluate(FOCUS)
        if not seen:  # a table may be scrolled in the next frame only
            page.evaluate(AT_REST)
            stop, outlined, seen = page.evaluate(FOCUS)
        if stop != number:
            return [*found, f"not reached: {one}"]
        found += [f"no outline: {one}"] * (not outlined) + [f"covered: {one}"] * (not seen)
    return found


@pytest.fixture
def visit(browser):
    opened = []

    def visiting(**context):
        opened.append(Visit(browser, **context))
        return opened[-1]

    yield visiting
    for one in opened:
        one.context.close()
    assert [one.heard for one in opened] == [[]] * len(opened)
