"""Laws of the house that no linter knows."""

import ast
import importlib
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tools.app_server import ROOT

IGNORED = (".git", *(ROOT / ".gitignore").read_text().replace("/", "").split())


def files(folder: str = ".") -> list[Path]:
    """Every file of the project below a folder, as far as git would take it; a checkout is not needed."""
    paths = []
    for place, folders, names in os.walk(ROOT / folder):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in IGNORED)]
        paths += [Path(place, name) for name in names if name not in IGNORED]
    return sorted(paths)


def sources(folder: str) -> list[Path]:
    return [path for path in files(folder) if path.suffix == ".py"]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = [dotted(path) for path in sources("prunekit") if re.search(r"^__all__ =", path.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("package", ["torch", "pandas", "thop"])
def test_the_shell_paints_before_anything_heavy_is_imported(package):
    shell = ast.parse((ROOT / "prunekit/ui/shell.py").read_text())
    imports = [ast.unparse(line) for line in shell.body if isinstance(line, ast.Import | ast.ImportFrom)]
    code = "\n".join([*imports, "import sys", f"print({package!r} in sys.modules)"])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(imports) > 1
    assert done.stdout.split() == ["False"]


def test_the_laws_are_asked_of_the_projects_files():
    names = {path.relative_to(ROOT).as_posix() for path in files()}
    assert {"README.md", ".ci/run", "prunekit/verbs/__init__.py", "tests/test_house.py"} <= names
    assert not any("__pycache__" in name or name.startswith(".git/") for name in names)
    assert "prunekit.verbs" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist_and_are_said_once(name):
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__)) > 0  # ruff sorts them
    assert [public for public in module.__all__ if not hasattr(module, public)] == []


def test_no_file_names_a_path_of_one_machine():
    private = re.compile(rb"/(?:home|Users|root|work|tmp)/[a-z]\w*/|/(?:root)/\.")
    assert [path for path in files() if private.search(path.read_bytes())] == []


@pytest.mark.parametrize("law", [r"\bst\.session_state\b", r"@st\.cache_(?:data|resource)\b"])
def test_one_file_only(law):
    screen = [*sources("prunekit/ui"), *sources("pages")]
    assert len([path for path in screen if re.search(law, path.read_text())]) == 1
