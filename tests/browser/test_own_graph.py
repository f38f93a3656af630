"""A network that writes its sizes down is cut by hand and taken home as a program."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from prunekit.export.formats.pt2 import read_pt2
from tests.browser.bars import measured, pull, stands
from tests.own_projects import write_own
from tools.app_server import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory, server_log, port) -> Iterator[str]:
    task = write_own(tmp_path_factory.mktemp("project"), "graph")
    with serving(tmp_path_factory.mktemp("workspace"), server_log, task=task, port=port) as address:
        yield address


def test_what_only_the_graph_can_lose_is_dragged_measured_and_downloaded(page, tmp_path):
    page.goto("/")
    measured(page)
    pull(page, "conv", 0.5)
    stands(page, "conv", 50)
    measured(page)
    page.get_by_role("link", name="Open").click()
    expect(page.get_by_text("The network's own class cannot lose conv")).to_be_visible()
    page.get_by_role("link", name="Export").click()
    page.get_by_role("button", name="Export and prove").click()
    offered = page.get_by_test_id("stDownloadButton")
    # The program, the recipe and both as a zip: there is no class that a checkpoint would fill.
    expect(offered).to_have_count(3)
    with page.expect_download() as download:
        offered.filter(has_not_text="zip").first.get_by_role("button").click()
    download.value.save_as(tmp_path / "own.pt2")
    shapes = {name: tuple(tensor.shape) for name, tensor in read_pt2(tmp_path / "own.pt2").state_dict().items()}
    assert (shapes["conv.weight"], shapes["fc.weight"]) == ((2, 6, 3, 3), (3, 32))
