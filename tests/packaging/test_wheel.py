"""The wheel, installed in an environment of its own and used from a folder outside of any checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.bars import bar, measured
from tests.browser.conftest import FLAGS
from tools import browser as chromium
from tools.app_server import ROOT, answering, free_port

pytestmark = pytest.mark.more

TOP_LEVEL = ("app.py", "pages", ".streamlit/config.toml")
"""What a checkout has beside the package and a wheel inside of it."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built with what the environment at hand has, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of the commands in a new environment: the wheel, and all else from the environment at hand."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment)
    scheme = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    here = sysconfig.get_path("purelib")
    (packages / "environment_at_hand.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    commands = Path(sysconfig.get_path("scripts", "venv", scheme))
    pip = [sys.executable, "-m", "pip", "--python", str(commands / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel], check=True)
    return commands


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The environment variables of somebody who has set none of ours and is in no checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PRUNEKIT_", "PYTHON"))}


@pytest.fixture
def run(installed, environment, tmp_path):
    """Run a command of the new environment in a folder that holds nothing else."""

    def run(*command: str) -> str:
        done = subprocess.run(
            [installed / command[0], *command[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def files(folder: Path, below: Path) -> set[str]:
    """Every file in a folder, by its path from another, without what Python compiled."""
    return {
        path.relative_to(below).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_the_package_with_the_dashboard_inside_and_nothing_beside_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    about = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    dashboard = {"prunekit/app.py", "prunekit/.streamlit/config.toml"}
    dashboard |= {f"prunekit/{page}" for page in files(ROOT / "pages", ROOT)}
    assert len(dashboard) > 2
    assert {"prunekit/py.typed", "prunekit/tasks/checkpoints/resnet8.safetensors"} <= set(names)
    assert set(names) - about == files(ROOT / "prunekit", ROOT) | dashboard
    assert len(names) == len(set(names))


def test_it_asks_for_no_certain_torch_and_names_no_local_picture(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    asked = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    assert [line for line in asked if line.startswith("torch")] == ["torch>=2.13"]
    without_extras = [line for line in asked if "extra ==" not in line]
    assert not [line for line in without_extras if line.startswith(("streamlit", "plotly", "onnx"))]
    assert "![" not in metadata  # a package index has no pictures of ours


def test_it_says_its_version(run, wheel):
    version = wheel.name.split("-")[1]
    assert run("prunekit", "--version") == f"prunekit {version}\n"
    where = run("python", "-c", "import prunekit; print(prunekit.__version__, prunekit.__file__)")
    assert where.startswith(f"{version} ")
    assert str(ROOT) not in where


def test_a_verb_remembers_in_the_folder_where_it_is_given(run, tmp_path):
    assert "accuracy 98.10%  981/1000 validation" in run("prunekit", "evaluate", "resnet8")
    assert list(tmp_path.iterdir()) == []  # a measurement that nobody asked to keep
    run("prunekit", "scan", "resnet8", "--kind", "blocks", "--exact")
    assert [path.name for path in tmp_path.iterdir()] == [".prunekit"]
    assert (tmp_path / ".prunekit" / "history.sqlite3").exists()


def test_the_app_opens_and_remembers_in_the_folder_where_it_is_started(installed, environment, tmp_path):
    folder, port, log = tmp_path / "project", free_port(), tmp_path / "log"
    folder.mkdir()
    command = [str(installed / "prunekit"), "app", "resnet8", "--port", str(port)]
    path = chromium.installed()
    assert path, "no Chromium is there; `make browser` provides one"
    with answering(command, port, log, folder, environment) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{address}/open")
        expect(page.get_by_text("98.1")).to_be_visible()
        expect(page.get_by_text(str(folder / ".prunekit"))).to_be_visible()
        page.goto(address)
        expect(page.get_by_role("heading", name="Tune")).to_be_visible()
        measured(page)
        bar(page, "layer2.0.conv1").press("PageUp")
        measured(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        browser.close()
    assert f"127.0.0.1:{port}" in log.read_text()  # the settings were read, without which it listens on all addresses
    assert [path.name for path in folder.iterdir()] == [".prunekit"]
