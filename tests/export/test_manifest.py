import hashlib
import json

import pytest

from prunekit.errors import ExportError
from prunekit.export.manifest import FILE_NAME, FileEntry, Manifest, file_entry


def manifest(**changes) -> Manifest:
    values = {
        "name": "net",
        "task": "net",
        "params": 10,
        "macs": 20,
        "bytes": 40,
        "bytes_dense": 80,
        "metric": "accuracy",
        "value": 0.5,
        "correct": 1,
        "n": 2,
        "split": "00",
        "files": {"net.pt2": FileEntry(3, "ab")},
        "versions": {"torch": "2"},
    }
    return Manifest(**{**values, **changes})


def test_what_is_written_is_read(tmp_path):
    manifest().write(tmp_path)
    assert Manifest.read(tmp_path) == manifest()


def test_a_file_entry_is_size_and_digest(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_entry(tmp_path / "a") == FileEntry(3, hashlib.sha256(b"abc").hexdigest())


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(ExportError, match="holds no manifest.json"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "prunekit-export", "version": 99}'])
def test_other_peoples_manifests_are_refused(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(ExportError):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("change", [{"extra": 1}, {"files": {"a": 1}}, {"files": []}])
def test_a_manifest_with_other_keys_is_refused(tmp_path, change):
    path = manifest().write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ExportError, match="keys"):
        Manifest.read(tmp_path)


def test_a_file_name_cannot_lead_out_of_the_folder(tmp_path):
    manifest(files={"../../secret": FileEntry(1, "ab")}).write(tmp_path)
    with pytest.raises(ExportError, match="not a file of its own folder"):
        Manifest.read(tmp_path)
