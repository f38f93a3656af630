"""Run Streamlit inside the process of a person's own script without side effects on it."""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from streamlit import config, logger
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import script_runner

from prunekit.ui.home import home


@contextmanager
def guest() -> Iterator[None]:
    """Give Streamlit the app's settings, wherever the script was started, and switch off its side effects.

    A run of a page would put itself in the place of ``__main__``, where pickle looks for a person's own classes, and
    its folder before all that modules are imported from; after it, it would close all of matplotlib's figures and
    clear Keras. No page of this app needs that.
    """
    options = _options()
    before = {name: config.get_option(name) for name in options}
    runner: Any = script_runner
    habits = runner.modified_sys_path, runner._clean_problem_modules
    for name, value in options.items():
        config.set_option(name, value)
    logger.set_log_level("warning")  # the output belongs to the script
    runner.modified_sys_path = _undisturbed(sys.modules["__main__"])
    runner._clean_problem_modules = lambda: None
    try:
        yield
    finally:
        runner.modified_sys_path, runner._clean_problem_modules = habits
        for name, value in before.items():
            config.set_option(name, value)
        logger.set_log_level(config.get_option("logger.level"))
        Runtime._instance = None  # otherwise no other server could be started in this process


def _undisturbed(main: ModuleType) -> Any:
    """Return what Streamlit enters as soon as it has put a page's module in the place of ``__main__``."""

    @contextmanager
    def undisturbed(main_script_path: str) -> Iterator[None]:
        sys.modules["__main__"] = main
        yield

    return undisturbed


def _options() -> dict[str, Any]:
    """Return the settings of the app by their full names."""
    return dict(_flat(tomllib.loads((home() / ".streamlit" / "config.toml").read_text("utf-8"))))


def _flat(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
