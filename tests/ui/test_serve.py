import socket
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.errors import PrunekitError
from prunekit.tasks.zoo import task_names
from prunekit.ui.opening import offered_tasks
from prunekit.ui.serve import serve
from prunekit.ui.state import objects
from prunekit.ui.state.titles import task_title


@pytest.fixture(autouse=True)
def at_this_machine(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)


@pytest.fixture
def opened(workspace):
    return worker().call(lambda: verbs.open_task("article", workspace))


@pytest.fixture
def other(tmp_path):
    return worker().call(lambda: verbs.open_task("article", tmp_path / "other"))


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert objects.names() == ()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status == 200
    except urllib.error.URLError:
        return False


def test_a_task_is_served_until_it_is_stopped_and_can_be_again(opened):
    serving = serve(opened)
    assert answers(serving.url)
    assert serve(opened) is serving
    assert repr(serving) == f"The dashboard offers {opened.task.title!r} at {serving.url}"
    assert f'src="{serving.url}"' in serving._repr_html_()
    serving.stop()
    serving.stop()
    assert not answers(serving.url)
    assert repr(serving) == f"The dashboard no longer offers {opened.task.title!r}."
    again = serve(opened, port=serving.server.port)
    assert again.url == serving.url
    assert answers(again.url)
    again.stop()


def test_two_tasks_of_one_name_share_a_dashboard_that_the_last_closes(opened, other):
    first, second = serve(opened), serve(other)
    assert first.server is second.server
    assert [url.partition("?")[2] for url in (first.url, second.url)] == ["task=article", "task=article-2"]
    assert offered_tasks({})[:2] == ("article", "article-2")
    first.stop()
    assert not first.running
    assert second.running
    assert answers(second.url)
    second.stop()
    assert not answers(second.url)


def test_another_port_than_the_dashboards_is_refused(opened, other):
    serving = serve(opened)
    with pytest.raises(PrunekitError, match=f"answers on port {serving.server.port} already, not 1;"):
        serve(other, port=1)
    serving.stop()


def test_another_proxy_than_the_dashboards_is_refused(opened, other):
    serving = serve(opened, behind="/user/x/proxy/{port}")
    assert serve(opened, behind="/user/x/proxy/{port}/") is serving  # the same, written another way
    with pytest.raises(PrunekitError, match=r"shown at /user/x/proxy/\d+/ already, not at /user/y/"):
        serve(other, behind="/user/y/proxy/{port}")
    serving.stop()


def test_a_taken_port_is_one_sentence_and_leaves_nothing_on_offer(opened):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PrunekitError, match=f"Port {port} cannot be had .* choose another, or leave it out."):
            serve(opened, port)


def test_behind_a_proxy_its_address_begins_with_the_secret(opened):
    serving = serve(opened, behind="https://hub.example/user/x/proxy/{port}")
    port, secret = serving.server.port, serving.server.secret
    assert serving.proxied == f"https://hub.example/user/x/proxy/{port}/{secret}/?task=article"
    assert len(secret) == 32
    assert serving.proxied in serving._repr_html_()
    assert answers(f"http://127.0.0.1:{port}/{secret}/tune")
    serving.stop()


def test_from_a_remote_notebook_the_way_through_a_tunnel_is_said(opened, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 50000 10.0.0.9 22")
    serving = serve(opened)
    assert f"ssh -L {serving.server.port}:127.0.0.1:{serving.server.port} " in serving._repr_html_()
    assert "<iframe" not in serving._repr_html_()
    serving.stop()


def test_what_this_process_opened_is_offered_first_under_its_own_title(opened):
    assert offered_tasks({"PRUNEKIT_TASK": "vgg"})[0] == "vgg"
    name = objects.offer(opened)
    assert offered_tasks({"PRUNEKIT_TASK": "vgg"})[:2] == ("article", "vgg")
    assert sorted(offered_tasks({})) == sorted(task_names())
    assert task_title(name) == opened.task.title
    assert objects.ticket(name).wait(60).latest is opened
    objects.withdraw(name)
    assert objects.ticket(name) is None


def test_tasks_of_one_title_are_told_apart_where_one_is_picked(opened):
    title = opened.task.title
    own = replace(opened, task=replace(opened.task, name="mine"))
    names = [objects.offer(each) for each in (opened, opened, own)]
    assert [task_title(name) for name in names] == [title, f"{title} (article-2)", f"{title} (mine)"]
    for name in names:
        objects.withdraw(name)


def test_a_page_of_a_task_that_is_withdrawn_goes_on_with_another(visit, opened, monkeypatch):
    own = replace(opened, task=replace(opened.task, name="mine"))
    name = objects.offer(own)
    app = visit("open")
    assert app.sidebar.selectbox[0].value == name == "mine"
    assert [caption.value for caption in app.caption if "your own script" in caption.value] == [
        "Other weights of a network from your own script are opened there."
    ]
    shown = task_title(name)
    objects.withdraw(name)
    monkeypatch.setattr(objects, "title", {name: shown}.get)  # the browser still says what it shows
    app.run()
    assert not app.exception
    assert app.sidebar.selectbox[0].value in task_names()
