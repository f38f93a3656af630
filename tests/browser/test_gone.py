"""A server that ends under an open page: the page says so, and comes back with the server."""

from playwright.sync_api import expect

from tests.browser.bars import ready
from tools.app_server import free_port, serving


def test_a_page_whose_server_is_gone_says_what_to_do_and_comes_back(tab, tmp_path):
    port, workspace = free_port(), tmp_path / "workspace"
    with serving(workspace, tmp_path / "log", task="resnet8", port=port) as address:
        tab.goto(address)
        ready(tab)
        note = tab.get_by_text("PruneKit's server has stopped")
        expect(note).to_be_hidden()
    expect(note).to_be_visible()
    expect(tab.get_by_text("Start it again, nothing is lost")).to_be_visible()
    expect(tab.get_by_text("prunekit app resnet8", exact=True)).to_be_visible()
    with serving(workspace, tmp_path / "log", task="resnet8", port=port):
        expect(note).to_be_hidden(timeout=60_000)
        ready(tab)
