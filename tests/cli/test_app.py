import subprocess
from types import SimpleNamespace

import pytest

from prunekit.cli import main
from prunekit.ui import home
from tools.app_server import ROOT


@pytest.fixture
def started(monkeypatch) -> list[SimpleNamespace]:
    """The servers that were to be started."""
    servers = []

    def run(command, *, env, **others):
        servers.append(SimpleNamespace(command=command, environment=env, others=others))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return servers


def test_the_server_runs_where_the_command_was_given(started, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRUNEKIT_WORKSPACE", raising=False)
    assert main(("app", "resnet8", "--port", "8600")) == 0
    (server,) = started
    assert server.command[-4:] == ["run", str(ROOT / "app.py"), "--server.port", "8600"]
    assert "cwd" not in server.others
    assert server.environment["PRUNEKIT_TASK"] == "resnet8"
    assert "PRUNEKIT_WORKSPACE" not in server.environment  # so that it is .prunekit in this folder


def test_a_workspace_that_is_named_goes_before_the_environments(started, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", "elsewhere")
    assert main(("app", "--workspace", "here")) == 0
    assert started[0].environment["PRUNEKIT_WORKSPACE"] == str(tmp_path / "here")


def test_without_its_extra_it_says_what_to_install(started, monkeypatch, capsys):
    monkeypatch.setattr(home, "find_spec", lambda name: None if name in ("streamlit", "uvicorn") else name)
    assert main(("app", "resnet8")) == 2
    assert capsys.readouterr().err == (
        "prunekit: The dashboard needs streamlit and uvicorn, which cannot be imported here; "
        'pip install "prunekit[desk]".\n'
    )
    assert started == []
