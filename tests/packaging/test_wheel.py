"""The wheel, installed in an environment of its own and used from a folder outside of any checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import own_code, own_formats
from tests.browser.bars import bar, measured
from tests.browser.conftest import FLAGS
from tests.test_readme import ENDED, YOURS, blocks
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


@pytest.fixture
def refused(installed, environment, tmp_path):
    """Run a command that is refused, and return the sentence that says why."""

    def refused(*command: str) -> str:
        line = [installed / command[0], *command[1:]]
        done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        return done.stderr

    return refused


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


@pytest.fixture
def own(tmp_path) -> str:
    """A file outside of the package with a criterion, a metric and an export format; its name."""
    (tmp_path / "mine.py").write_text(own_code.SOURCE + own_formats.SOURCE)
    return "mine.py"


def test_a_criterion_from_outside_is_known_on_the_command_line_and_to_the_planner(run, own, tmp_path):
    (tmp_path / "first.json").write_text('{"channels": {"layer3.0.conv1": 0.5}, "criterion": "backwards"}')
    (tmp_path / "dropped.json").write_text(
        json.dumps({"channels": {"layer3.0.conv1": 0.5}, "drop": {"layer3.0.conv1": list(range(32, 64))}})
    )
    by_criterion = json.loads(run("prunekit", "evaluate", "resnet8", "--recipe", "first.json", "--use", own, "--json"))
    by_hand = json.loads(run("prunekit", "evaluate", "resnet8", "--recipe", "dropped.json", "--json"))
    assert by_criterion["correct"] == by_hand["correct"]  # the last of the 64 channels went
    (tmp_path / "start.json").write_text('{"criterion": "backwards"}')
    asked = ["plan", "resnet8", "--target", "macs=0.5", "--recipe", "start.json", "--use", own, "--json"]
    best = json.loads(run("prunekit", *asked))["best"]
    assert best["recipe"]["criterion"] == "backwards"
    assert best["misses"] == []


def test_a_metric_from_outside_is_measured_on_the_command_line(run, own):
    asked = ["prunekit", "evaluate", str(ROOT / "examples" / "own_model"), "--json"]
    right, wrong = json.loads(run(*asked)), json.loads(run(*asked, "--metric", "missed", "--use", own))
    assert wrong["metric"] == "missed"
    assert wrong["value"] == pytest.approx(1 - right["correct"] / right["n"])


def test_a_name_from_outside_is_among_those_that_the_command_line_offers(refused, own):
    misspelt = ["prunekit", "scan", "resnet8", "--criterion", "backward"]
    assert "did you mean backwards?" not in refused(*misspelt)
    assert "did you mean backwards?" in refused(*misspelt, "--use", own)


def test_an_export_format_from_outside_is_written_and_proven(run, own, tmp_path):
    (tmp_path / "half.json").write_text('{"channels": {"layer3.0.conv1": 0.5}}')
    asked = ["prune", "resnet8", "--recipe", "half.json", "--format", "whole", "--use", own, "--out", "cut", "--json"]
    files = {Path(file["path"]).name: file for file in json.loads(run("prunekit", *asked))["files"]}
    assert (tmp_path / "cut" / "resnet8.module").stat().st_size == files["resnet8.module"]["bytes"]
    assert files["resnet8.module"]["proof"]["ok"]
    assert "resnet8.module loads in a fresh process" in run("prunekit", "verify", "cut", "--use", own)


OWN_DESK = """
import prunekit

desk = prunekit.open(model, validation=(x_val, y_val), train=(x, y), use=["mine.py"], metric="missed")
recipe = prunekit.Recipe(channels={"0": 0.5}, criterion="backwards")
small = desk.prune(recipe).model
assert torch.equal(small[0].weight, model[0].weight[:8])  # the last 8 of 16 went
with torch.no_grad():
    missed = (small(x_val).argmax(1) != y_val).float().mean()
reading = desk.evaluate(recipe).reading
assert (reading.metric, round(100 * reading.value)) == ("missed", round(100 * float(missed)))
(file,) = (file for file in desk.export(recipe, "cut", ["whole"]) if file.path.endswith(".module"))
print(file.proof.ok)
"""


def test_all_three_from_outside_serve_a_script(run, own, tmp_path):
    (tmp_path / "script.py").write_text(YOURS + OWN_DESK)
    assert run("python", "script.py").split()[-1] == "True"
    assert (tmp_path / "cut" / "sequential.module").exists()


def test_a_module_made_in_a_script_goes_there_and_back_by_the_lines_of_the_readme(run, tmp_path):
    (lines,) = blocks("py")
    (tmp_path / "script.py").write_text("\n".join([YOURS, lines, ENDED]))
    assert int(run("python", "script.py").split()[-1]) <= (6 * 16 + 16 * 2) / 2  # MACs of both linear layers, halved
    assert (tmp_path / "smaller" / "manifest.json").exists()


@contextmanager
def desk(installed: Path, environment: Mapping[str, str], folder: Path, *more: str) -> Iterator[tuple[Page, str]]:
    """Start the installed app in a folder: a page of a browser, and the app's address."""
    port, path = free_port(), chromium.installed()
    assert path, "no Chromium is there; `make browser` provides one"
    command = [str(installed / "prunekit"), "app", "resnet8", "--port", str(port), *more]
    log = folder.parent / "log"
    with answering(command, port, log, folder, environment) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser.new_page(), address
        browser.close()
    assert f"127.0.0.1:{port}" in log.read_text()  # the settings were read, without which it listens on all addresses


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where the app is started; it holds nothing."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_the_app_opens_and_remembers_in_the_folder_where_it_is_started(installed, environment, folder):
    with desk(installed, environment, folder) as (page, address):
        page.goto(f"{address}/open")
        expect(page.get_by_text("98.1")).to_be_visible()
        expect(page.get_by_text(str(folder / ".prunekit"))).to_be_visible()
        page.goto(address)
        expect(page.get_by_role("heading", name="Tune")).to_be_visible()
        measured(page)
        bar(page, "layer2.0.conv1").press("PageUp")
        measured(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    assert [path.name for path in folder.iterdir()] == [".prunekit"]


def test_the_app_offers_what_a_file_from_outside_registers(installed, environment, folder, own):
    with desk(installed, environment, folder, "--use", str(folder.parent / own)) as (page, address):
        page.goto(address)
        measured(page)
        page.get_by_role("button", name="By L2 norm").click()
        page.get_by_text("Last units first", exact=True).click()
        expect(page.get_by_role("button", name="By Last units first")).to_be_visible()
        page.goto(f"{address}/export")
        expect(page.get_by_role("button", name="Whole module")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
