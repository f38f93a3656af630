import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from prunekit.ui.door import Door

SECRET = "5ec7e7"
HERE, HUB, ELSEWHERE = "http://127.0.0.1:8501", "https://hub.example", "https://elsewhere.example"


def known(request):
    return f"{request.url.path} of {request.headers['host']}"


async def answer(request):
    return PlainTextResponse(known(request))


async def speak(socket):
    await socket.accept()
    await socket.send_text(known(socket))
    await socket.close()


def visitor(origin=None):
    app = Starlette(routes=[Route("/{rest:path}", answer), WebSocketRoute("/{rest:path}", speak)])
    return TestClient(Door(app, SECRET, origin))


def headers(host, origin):
    return {"host": host} | ({"origin": origin} if origin else {})


def asked(client, path, host, origin):
    """What the app takes a page request and a socket for; ``None`` for both where they are refused."""
    page = client.get(path, headers=headers(host, origin))
    try:
        with client.websocket_connect(path, headers=headers(host, origin)) as socket:
            said = socket.receive_text()
    except WebSocketDisconnect:
        said = None
    assert (page.text if page.status_code == 200 else None) == said
    return said


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", None),
        ("127.0.0.1:8501", HERE),
        ("localhost:9000", "http://localhost:9000"),  # through a tunnel
        ("[::1]:8501", "http://[::1]:8501"),
    ],
)
def test_pages_of_this_machine_enter_as_they_are(host, origin):
    assert asked(visitor(), "/line/7", host, origin) == f"/line/7 of {host}"


@pytest.mark.parametrize(
    ("path", "host", "origin"),
    [
        ("/line/7", "127.0.0.1:8501", ELSEWHERE),
        ("/line/7", "127.0.0.1:8501", "http://127.0.0.1:9999"),  # another program of this machine
        ("/line/7", "127.0.0.1:8501", "null"),
        ("/line/7", "elsewhere.example:8501", "http://elsewhere.example:8501"),  # a name led to this machine
        ("/line/7", "127.0.0.1.elsewhere.example", None),
        ("/line/7", "", None),
        (f"/{SECRET}", "127.0.0.1:8501", HUB),
        ("/0ther5/line/7", "127.0.0.1:8501", HUB),
    ],
)
def test_another_origin_or_name_is_refused_without_the_secret(path, host, origin):
    assert asked(visitor(origin=HUB), path, host, origin) is None


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "app.internal"])
def test_the_one_origin_enters_by_the_secret_under_the_name_that_its_browser_asked(host):
    client = visitor(origin=HUB)
    assert asked(client, f"/{SECRET}/line/7", host, HUB) == "/line/7 of hub.example"
    assert asked(client, f"/{SECRET}/line/7", host, ELSEWHERE) is None
    assert asked(client, f"/{SECRET}/line/7", host, "http://hub.example") is None  # not encrypted: another origin


def test_the_first_origin_with_the_secret_is_the_one_where_none_was_named():
    client = visitor()
    assert asked(client, "/line/7", "127.0.0.1:8501", ELSEWHERE) is None  # refused, so not the first
    assert asked(client, f"/{SECRET}/tune", "127.0.0.1:8501", None) == "/tune of 127.0.0.1:8501"
    assert asked(client, f"/{SECRET}/tune", "127.0.0.1:8501", HUB) == "/tune of hub.example"
    assert asked(client, f"/{SECRET}/tune", "127.0.0.1:8501", ELSEWHERE) is None


def test_a_proxy_that_keeps_the_browsers_name_enters_by_the_secret():
    assert asked(visitor(), f"/{SECRET}/", "hub.example", HUB) == "/ of hub.example"
    assert asked(visitor(), f"/{SECRET}/", "hub.example", None) == "/ of hub.example"
