import io
import json
import os
import pickle
import zipfile

import pytest
import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.tasks.program import open_program


class _Runs:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)).eval()


@pytest.fixture(scope="module")
def program(net):
    """A program as people save it, with its sample inputs inside."""
    batch = torch.export.Dim("batch", min=1)
    exported = torch.export.export(net, (torch.zeros(2, 1, 4, 4),), dynamic_shapes=({0: batch},))
    buffer = io.BytesIO()
    torch.export.save(exported, buffer)
    return buffer.getvalue()


def _rewritten(data, change, compression=zipfile.ZIP_STORED):
    """Write an archive anew with members changed; ``None`` leaves one as it is."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(made, "w", compression) as target:
        names = given.namelist()
        for name in names:
            changed = change(name.partition("/")[2], given.read(name))
            target.writestr(name, given.read(name) if changed is None else changed)
    return made.getvalue()


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # torch's own, in its copying
def test_a_program_answers_as_its_network_and_can_be_copied(net, program):
    import copy

    opened = open_program(program)
    x = torch.randn(5, 1, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(opened(x), net(x))
        torch.testing.assert_close(copy.deepcopy(opened).eval()(x), net(x))
    assert {name for name, _ in opened.named_parameters()} == {name for name, _ in net.named_parameters()}


def test_code_in_the_sample_inputs_does_not_run(net, program, tmp_path):
    trap = tmp_path / "made"
    bad = pickle.dumps(_Runs(trap))
    crafted = _rewritten(program, lambda name, content: bad if name == "data/sample_inputs/model.pt" else None)
    opened = open_program(crafted)
    assert not trap.exists()
    with torch.no_grad():
        torch.testing.assert_close(opened(torch.ones(1, 1, 4, 4)), net(torch.ones(1, 1, 4, 4)))


def test_pickled_weights_are_refused_and_do_not_run(program, tmp_path):
    trap = tmp_path / "made"

    def change(name, content):
        if name == "data/weights/model_weights_config.json":
            config = json.loads(content)
            next(iter(config["config"].values()))["use_pickle"] = True
            return json.dumps(config).encode()
        return pickle.dumps(_Runs(trap)) if name == "data/weights/weight_0" else None

    with pytest.raises(CheckpointError, match="holds pickled tensors"):
        open_program(_rewritten(program, change))
    assert not trap.exists()


@pytest.mark.parametrize(
    "name", ["data/constants/custom_obj_0", "data/constants/opaque_obj_0", "data/aotinductor/m.so"]
)
def test_objects_and_compiled_code_are_refused(program, name):
    made = io.BytesIO(program)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(f"{archive.namelist()[0].partition('/')[0]}/{name}", b"x")
    with pytest.raises(CheckpointError, match=f"holds '{name}', which a network of tensors does not need"):
        open_program(made.getvalue())


def test_packed_truncated_and_other_files_are_one_sentence(program):
    packed = _rewritten(program, lambda name, content: None, zipfile.ZIP_DEFLATED)
    for data, message in (
        (packed, "compressed inside"),
        (program[: len(program) // 2], "truncated or damaged"),
        (b"", "no .pt2 file"),
        (b"text", "no .pt2 file"),
    ):
        with pytest.raises(CheckpointError, match=message) as raised:
            open_program(data)
        assert "\n" not in str(raised.value)
