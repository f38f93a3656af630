import sys
import tomllib
import types

from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import script_runner

from prunekit.ui.guest import guest
from prunekit.ui.home import home

THEME = tomllib.loads((home() / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]


def test_the_apps_settings_hold_while_it_is_a_guest_and_no_longer():
    config.set_option("theme.light.primaryColor", "#123456")
    with guest():
        assert config.get_option("theme.light.primaryColor") == THEME["light"]["primaryColor"]
        assert config.get_option("theme.dark.sidebar.backgroundColor") == THEME["dark"]["sidebar"]["backgroundColor"]
        assert config.get_option("server.fileWatcherType") == "none"
    assert config.get_option("theme.light.primaryColor") == "#123456"


def test_a_run_of_a_page_takes_neither_the_place_of_main_nor_the_way_to_modules(monkeypatch, tmp_path):
    main, path = sys.modules["__main__"], list(sys.path)
    with guest():
        # As Streamlit's script runner does, for whole pages and fragments alike.
        monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        with script_runner.modified_sys_path(str(tmp_path / "page.py")):
            assert sys.modules["__main__"] is main
            assert sys.path == path
        assert sys.modules["__main__"] is main


def test_figures_of_a_notebook_stay_open(monkeypatch):
    closed = []
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", types.SimpleNamespace(close=closed.append))
    with guest():
        script_runner._clean_problem_modules()
    assert closed == []
    script_runner._clean_problem_modules()
    assert closed == ["all"]  # Streamlit's own way is back


def test_another_server_can_be_started_after_it(monkeypatch):
    monkeypatch.setattr(Runtime, "_instance", None)
    with guest():
        Runtime._instance = object()
    assert not Runtime.exists()
