from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

from tools import browser as chromium
from tools.app_server import ROOT, free_port, serving

SCREENSHOTS = ROOT / "screenshots"
BLANK = "about:blank"
SIZE: ViewportSize = {"width": 1440, "height": 900}
PATIENCE = 180_000  # ms; on a shared machine an export may take minutes
FLAGS = (
    "--no-sandbox",  # Chromium refuses a sandbox to root, as which containers run
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.installed()
    assert path, "the browser tests need Chromium: `make browser` provides one; `pytest -m 'not browser'` goes without"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def server_log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="session")
def port() -> int:
    """Where every server of this process answers, one after the other: a browser keeps compiled scripts by address."""
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory, server_log, port) -> Iterator[str]:
    """The address of the app, started as a newcomer does, with a history of its own for each test file."""
    with serving(tmp_path_factory.mktemp("workspace"), server_log, port=port) as address:
        yield address


@pytest.fixture(scope="session")
def only_tab(browser, port) -> Iterator[Page]:
    """One tab for all tests: a new one has a process of its own, which compiles all scripts once more."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}", accept_downloads=True)
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    yield made
    context.close()


@pytest.fixture
def tab(only_tab) -> Iterator[Page]:
    """The tab as a new one: nothing open or remembered, nobody listening, light and of one size."""
    only_tab.set_viewport_size(SIZE)
    only_tab.emulate_media(color_scheme="light")
    yield only_tab
    if only_tab.url != BLANK:
        only_tab.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
    only_tab.mouse.up()
    only_tab.goto(BLANK)


@pytest.fixture
def page(tab, server) -> Iterator[Page]:
    """A fresh visitor's page.

    An exception left on it fails the test, and so does an error in the browser's console or a request to another host.
    """
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        # From a page's own address Streamlit's client first looks for its server below that page.
        if message.type == "error" and not address.endswith(("/_stcore/health", "/_stcore/host-config")):
            errors.append(f"{message.text} ({address})")

    def watch(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            errors.append(f"the page asked another host for {request.url}")

    def fail(error: Error) -> None:
        errors.append(str(error))

    heard = {"console": note, "request": watch, "pageerror": fail}
    for event, hear in heard.items():
        tab.on(event, hear)
    yield tab
    errors += tab.get_by_test_id("stException").all_inner_texts()
    for event, hear in heard.items():
        tab.remove_listener(event, hear)
    assert not errors, "\n".join(errors)


RESTS = """() => {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    window.restsSince = state === "notRunning" ? (window.restsSince ?? performance.now()) : null;
    return window.restsSince !== null && performance.now() - window.restsSince > 400;
}"""  # a page that was just come to pauses between its top and the rest of it


def settled(page: Page) -> None:
    """Wait until the app's script has run to its end and no part of the page is still loading."""
    page.wait_for_function(RESTS)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


@pytest.fixture
def picture(page) -> Callable[..., None]:
    """Writes the page as it stands to ``screenshots/NAME-light.png`` and ``-dark.png``."""

    def write(name: str, whole: bool = True) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        size = page.viewport_size
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            settled(page)
            if whole:
                # The page scrolls inside its main part, so a whole picture takes a window as high as that.
                height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
                page.set_viewport_size({**size, "height": max(size["height"], height)})
                settled(page)
            page.wait_for_timeout(500)  # charts are drawn anew in the other colours and the other size
            page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png")
        page.set_viewport_size(size)

    return write


def what_stands(tab: Page) -> str:
    """Say how the app and the desk are, and what is written on the page."""
    parts = "[data-testid=stApp], .desk"
    try:
        states = tab.locator(parts).evaluate_all("found => found.map(part => JSON.stringify(part.dataset))")
        return "\n".join([tab.url, *states, tab.locator("body").inner_text(timeout=1000)])
    except Error as error:  # the browser may be what failed
        return str(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what stood on the page, and what the server printed, beside a test that failed."""
    report = yield
    if report.failed and (tab := item.funcargs.get("tab")):
        report.sections.append(("page", what_stands(tab)))
    log = item.funcargs.get("server_log")
    if report.failed and log and log.exists():
        report.sections.append(("server log", log.read_text()[-4000:]))
    return report
