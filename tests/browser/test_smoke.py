import pytest
from playwright.sync_api import expect

from tools.app_server import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "app.py").exists(), reason="there is no app.py yet")


def test_a_first_visit_shows_the_desk_without_an_error(page, picture):
    page.goto("/")
    expect(page.get_by_test_id("stSlider").first).to_be_visible()
    picture("desk")
