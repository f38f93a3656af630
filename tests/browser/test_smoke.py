from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.bars import bar, measured, tile
from tests.browser.conftest import settled

CUT = {"layer2.0.conv1": "50", "layer3.0.conv1": "75"}


def test_a_first_visit_shows_the_desk_with_its_measured_accuracy(page, picture):
    page.goto("/")
    expect(page.get_by_role("heading", name="Tune")).to_be_visible()
    measured(page)
    expect(tile(page, "accuracy").locator(".status")).to_have_text("measured")
    for layer, percent in CUT.items():
        bar(page, layer).focus()
        page.keyboard.press("Enter")
        page.keyboard.type(percent)
        page.keyboard.press("Enter")
    expect(tile(page, "params").locator(".value")).to_have_text("29.2 k")
    measured(page)
    page.set_viewport_size({"width": 1440, "height": 1100})
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    picture("desk", whole=False)


def test_every_page_opens_by_its_address_wide_and_narrow_and_shuts_nobody_out(page, picture):
    """Shut out is who meets what axe-core calls serious, in either colours."""
    page.goto("/")
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links.first).to_be_visible()
    addresses = links.evaluate_all("links => links.map(link => link.href)")
    titles = [text.split()[-1] for text in links.all_inner_texts()]  # the icon's name comes first
    assert len(addresses) == len(titles) >= 7
    barriers = []
    for address, title in zip(addresses, titles, strict=True):
        page.goto(address)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        barriers += [f"{title}, {barrier}" for barrier in serious(page)]
        for width in (1280, 480):
            page.set_viewport_size({"width": width, "height": 900})
            picture(f"{title.lower()}-{width}")
    assert not barriers, "\n".join(barriers)


def serious(page):
    """What axe-core finds in the main part of a page; the frame around it is Streamlit's."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        for violation in Axe().run(page, context="[data-testid=stMain]").response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                places = [node["target"] for node in violation["nodes"]][:3]
                yield f"{scheme}: {violation['id']}: {violation['help']} at {places}"
