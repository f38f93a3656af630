"""Laws of the house that no linter knows."""

import ast
import re
import subprocess
import sys

import pytest

import prunekit
from tools.app_server import ROOT


def tracked(*patterns: str) -> list[str]:
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    return [name for name in listing.stdout.splitlines() if (ROOT / name).exists()]


@pytest.mark.parametrize("package", ["torch", "pandas", "thop"])
def test_the_shell_paints_before_anything_heavy_is_imported(package):
    shell = ast.parse((ROOT / "prunekit/ui/shell.py").read_text())
    imports = [ast.unparse(line) for line in shell.body if isinstance(line, ast.Import | ast.ImportFrom)]
    code = "\n".join([*imports, "import sys", f"print({package!r} in sys.modules)"])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(imports) > 1
    assert done.stdout.split() == ["False"]


def test_public_names_are_sorted_and_exist():
    names = getattr(prunekit, "__all__", [])
    assert list(names) == sorted(names)
    assert len(names) <= 25
    assert all(hasattr(prunekit, name) for name in names)


def test_tracked_files_name_no_path_of_one_machine():
    private = re.compile(rb"/(?:home|Users|root|work|tmp)/[a-z]\w*/|/(?:root)/\.")
    found = [name for name in tracked() if private.search((ROOT / name).read_bytes())]
    assert found == []


@pytest.mark.parametrize("law", [r"\bst\.session_state\b", r"@st\.cache_(?:data|resource)\b"])
def test_one_file_only(law):
    names = [name for name in tracked("prunekit/ui/*.py", "pages/*.py") if re.search(law, (ROOT / name).read_text())]
    assert len(names) <= 1
