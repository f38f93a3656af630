"""What a new user has, a network's file, a checkpoint and a folder of images, reaches the desk."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.bars import bar
from tests.browser.conftest import settled
from tools.app_server import ROOT, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory, server_log, port) -> Iterator[str]:
    task = str(ROOT / "examples" / "own_images")
    with serving(tmp_path_factory.mktemp("workspace"), server_log, task=task, port=port) as address:
        yield address


def test_a_network_a_checkpoint_and_a_folder_of_images_reach_the_desk(page):
    page.goto("/")
    expect(page.locator("[data-tile=accuracy]")).to_contain_text("of 36 validation samples")
    for layer in ("features.0", "features.3", "features.6"):
        expect(bar(page, layer)).to_be_visible()
    page.get_by_role("link", name="Open").click()
    settled(page)
    expect(page.get_by_text("Opened with the weights of shapes.pth")).to_be_visible()
    expect(page.get_by_text("Without a test split")).to_be_visible()
