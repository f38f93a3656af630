import os
import sys
from pathlib import Path

import pytest

from tools import browser

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-ins are shell scripts on PATH")


@pytest.fixture
def bin_folder(tmp_path, monkeypatch) -> Path:
    """The only folder on PATH, empty; Playwright has downloaded nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(browser, "_playwrights", lambda: str(tmp_path / "downloads" / "chrome"))
    return folder


def command(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_none_is_found_where_none_is(bin_folder):
    assert browser.installed() is None


def test_playwright_is_asked_where_its_download_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert Path(browser._playwrights()).is_relative_to(tmp_path)


def test_a_stub_that_does_not_run_is_passed_over(bin_folder):
    command(bin_folder, "chromium", "exit 1")
    chrome = command(bin_folder, "google-chrome", "exit 0")
    assert browser.installed() == chrome


def test_root_gets_debians_package(bin_folder, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    wanted = bin_folder / "chromium"
    command(bin_folder, "apt-get", f'[ "$1" = install ] || exit 0; echo "#!/bin/sh" >{wanted}; /bin/chmod +x {wanted}')
    assert browser.provide() == str(wanted)


def test_anyone_else_gets_playwrights_download(bin_folder, monkeypatch):
    def download() -> None:
        command(bin_folder, "chromium", "exit 0")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    command(bin_folder, "apt-get", "exit 1")
    monkeypatch.setattr(browser, "_playwrights_download", download)
    assert browser.provide() == str(bin_folder / "chromium")


def test_nothing_anywhere_ends_in_one_sentence(bin_folder, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(browser, "_playwrights_download", lambda: None)
    with pytest.raises(SystemExit, match="install chromium or google-chrome"):
        browser.provide()
