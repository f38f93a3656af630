"""The same dashboard behind a proxy with another name, which cuts off the path it shows it under."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.bars import measured, pull, ready, stands, tile
from tests.browser.proxy import proxying
from tests.browser.scripts import running

LAYER = "body.0"


@pytest.fixture(scope="module")
def proxy():
    with proxying() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def script(tmp_path_factory, proxy):
    with running(tmp_path_factory.mktemp("script"), "/user/x/proxy/{port}") as script:
        yield script


@pytest.fixture(scope="module")
def server(proxy):
    return proxy.origin


@pytest.mark.parametrize("page_of", ["", "weights"])
def test_pages_load_below_its_path(page, server, script, proxy, page_of):
    path, _, query = script.said["proxied"].partition("?")
    page.goto(f"{server}{path}{page_of}?{query}")
    if page_of:
        expect(page.get_by_role("heading", name="Weights")).to_be_visible()
        page.get_by_role("link", name="Tune").click()
    ready(page)
    assert page.url.startswith(f"{server}{path}")
    assert proxy.strays == []


def test_a_drag_is_measured_over_the_line(page, server, script, proxy, picture):
    lines, heard = [], []

    def attach(socket):
        if "/line/" in socket.url:
            lines.append(socket.url)
            socket.on("framereceived", lambda frame: heard.append(json.loads(frame)["n"]))

    page.on("websocket", attach)
    page.goto(f"{server}{script.said['proxied']}")
    ready(page)
    pull(page, LAYER, 0.5)
    stands(page, LAYER, 50)
    measured(page)
    page.remove_listener("websocket", attach)
    expect(tile(page, "accuracy").locator(".detail")).to_contain_text(
        f"{script.said['half']} of 400 validation samples"
    )
    path = script.said["proxied"].partition("?")[0]
    assert {line.partition("line/")[0] for line in lines} == {f"{server}{path}".replace("http", "ws")}
    assert heard[-1] == 400
    picture("behind-a-proxy")
