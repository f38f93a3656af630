import subprocess
import sys
from dataclasses import replace

import pytest

from prunekit.errors import ExportError
from prunekit.export.formats import FORMATS, check_formats, offered, runtimes, to_write


def imported(code: str, *modules: str) -> list[str]:
    """Which of some modules a line of Python imports in a fresh process."""
    code = f"{code}; import sys; print(*(name for name in {modules!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_what_is_known_of_a_format_is_known_without_torch():
    code = "from prunekit.export.formats import FORMATS; from prunekit.export.registering import export_format"
    assert imported(code, "torch", "onnx", "numpy", "safetensors") == []
    assert imported("from prunekit.cli import _parser; _parser()", "torch", "onnx") == []


def test_the_fresh_process_imports_what_loading_needs_and_nothing_of_the_app():
    unneeded = "onnx onnxscript onnxruntime streamlit plotly prunekit.verbs prunekit.cut prunekit.graph prunekit.ui"
    assert imported("import prunekit.export.prove", *unneeded.split()) == []


def test_int8_brings_the_file_that_it_is_made_of():
    assert [format.name for format in to_write(["int8"])] == ["checkpoint", "pt2", "onnx", "int8"]
    assert [format.name for format in to_write([])] == ["checkpoint", "pt2"]


def test_without_train_samples_nothing_is_offered_that_needs_them():
    assert set(offered()) - set(offered(has_train=False)) == {"int8"}
    assert list(runtimes()) == ["eager", "onnx", "int8"]
    assert list(runtimes(has_train=False)) == ["eager", "onnx"]


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], packages=("json", "no_such_package")))
    with pytest.raises(ExportError, match=r"needs no_such_package, .*; pip install 'prunekit\[onnx\]'\.$"):
        check_formats(["int8"])
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], packages=("no_such_package",), extra=""))
    with pytest.raises(ExportError, match=r"pip install no_such_package\.$"):
        check_formats(["onnx"])
    check_formats([])


def test_no_two_formats_write_the_same_file():
    suffixes = [format.suffix for format in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
