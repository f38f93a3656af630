"""A manifest whose values are of other kinds than an export's: one sentence, whatever stands there."""

import json

import pytest

from prunekit.errors import ExportError
from prunekit.export.manifest import FORMAT, VERSION, FileEntry, Manifest

GOOD = {
    "format": FORMAT,
    "version": VERSION,
    **{"name": "net", "task": "net", "params": 1, "macs": 2, "bytes": 3, "bytes_dense": 4, "metric": "accuracy"},
    **{"value": 0.5, "correct": None, "n": 5, "split": "0", "versions": {"torch": "2"}},
    "files": {"net.pt2": {"bytes": 1, "sha256": "0"}},
    "own": {"net.onnx": {"reference": "r.safetensors", "correct": 1, "value": None}},
}


def _write(folder, content):
    (folder / "manifest.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_a_good_one_is_read(tmp_path):
    _write(tmp_path, GOOD)
    manifest = Manifest.read(tmp_path)
    assert manifest.files == {"net.pt2": FileEntry(1, "0")}
    assert manifest.own["net.onnx"].correct == 1


@pytest.mark.parametrize(
    "change",
    [
        {"params": "many"},
        {"value": "half"},
        {"n": 5.5},
        {"name": 3},
        {"name": None},
        {"versions": {"torch": 2}},
        {"versions": []},
        {"files": {"net.pt2": {"bytes": "1", "sha256": "0"}}},
        {"files": {"../net.pt2": {"bytes": 1, "sha256": "0"}}},
        {"files": []},
        {"own": {"net.onnx": {"reference": 3, "correct": 1}}},
        {"own": {"net.onnx": {"reference": "r", "correct": "1"}}},
        {"formats": {"net.pt2": 3}},
        {"formats": 3},
        {"rounding": "none"},
        {"macs": 1 << 70},
    ],
)
def test_another_value_is_one_sentence(change, tmp_path):
    _write(tmp_path, {**GOOD, **change})
    with pytest.raises(ExportError) as raised:
        Manifest.read(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content", ["", "3", "[" * 100_000, '{"format": "\ud800"}'.encode("utf-8", "replace").decode()]
)
def test_no_manifest_is_one_sentence(content, tmp_path):
    _write(tmp_path, content)
    with pytest.raises(ExportError):
        Manifest.read(tmp_path)
