import pytest

from prunekit import verbs
from prunekit.errors import ExportError
from prunekit.export.onnx_network import OnnxNetwork
from prunekit.recipe import Recipe
from prunekit.records import Check


def test_int8_is_measured_and_proven_as_itself(opened, tmp_path):
    *steps, files = verbs.export(opened, Recipe(channels={"conv1": 0.5}), tmp_path / "out", ["int8"])
    assert {file.path.rpartition("/")[2] for file in files} >= {"tiny.onnx", "tiny_int8.onnx"}
    assert all(file.proof.ok for file in files)
    said = next(step.detail for step in steps if isinstance(step, Check) and step.name == "int8")
    split = opened.task.data.validation
    answers = OnnxNetwork(tmp_path / "out" / "tiny_int8.onnx")(split.inputs)
    right = int((answers.argmax(1) == split.targets).sum())
    assert said.startswith(f"int8 for ONNX Runtime has accuracy {right / 60:.2%} on 60 validation samples")
    (tmp_path / "out" / "tiny_int8.onnx").write_bytes((tmp_path / "out" / "tiny.onnx").read_bytes())
    assert not verbs.verify(tmp_path / "out" / "tiny_int8.onnx", opened).ok


def test_an_unknown_format_is_refused(opened, tmp_path):
    with pytest.raises(ExportError, match="Unknown format 'onxx'; did you mean onnx"):
        verbs.last(verbs.export(opened, Recipe(channels={"conv1": 0.5}), tmp_path / "out", ["onxx"]))
    assert not (tmp_path / "out").exists()
