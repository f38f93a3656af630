from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from prunekit.errors import CheckpointError
from prunekit.export.checks import find_split
from prunekit.export.prove import prove
from prunekit.export.reference import split_digest
from prunekit.tasks.task import Split

SPLIT = Split(torch.zeros(2, 3), torch.tensor([0, 1]))
OTHER = Split(SPLIT.inputs, 1 - SPLIT.targets)


def test_the_samples_that_were_measured_on_are_found_or_it_is_said_what_is_missing():
    manifest = SimpleNamespace(task="own", split=split_digest(SPLIT))
    assert find_split(manifest, [OTHER, SPLIT]) is SPLIT
    with pytest.raises(CheckpointError, match="not at hand; verify with its project file"):
        find_split(manifest, [])
    # What a factory that draws new weights in each process says of samples without labels.
    with pytest.raises(CheckpointError, match="no labels, its network's answers are the targets, so name a checkpoint"):
        find_split(manifest, [OTHER])


def test_a_path_that_is_no_export_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("recipe.json").write_text("{}")
    ((_, missing),) = prove(Path("nothere"), [])
    ((_, other),) = prove(Path("recipe.json"), [])
    assert not missing.ok
    assert missing.detail.startswith("nothere is not there; name the folder")
    assert not other.ok
    assert other.detail.startswith("recipe.json is no file of an export, which has a manifest.json beside it")
