"""What axe-core finds on every page: nothing serious."""

from axe_playwright_python.sync_playwright import Axe

from prunekit.ui.navigation import SECTIONS
from tests.browser.conftest import settled

PAGES = [name for pages in SECTIONS.values() for name in pages]


def test_no_page_shuts_anybody_out(page):
    found = []
    for name in PAGES:
        page.goto("/" if name == "tune" else f"/{name}")
        page.locator(f"h1:has-text('{name.capitalize()}')").wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            settled(page)
            # What this app puts on a page; the frame around it is Streamlit's.
            report = Axe().run(page, context="[data-testid=stMain]")
            for violation in report.response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    places = [node["target"] for node in violation["nodes"]][:3]
                    found.append(f"{name}, {scheme}: {violation['id']}: {violation['help']} at {places}")
    assert not found, "\n".join(found)
