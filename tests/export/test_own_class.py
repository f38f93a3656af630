"""Networks that were opened as they stand in a notebook or a script: no factory makes another by its name."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunekit.errors import ExportError
from prunekit.export.export import export
from prunekit.export.formats import FORMATS
from prunekit.export.manifest import Manifest
from prunekit.export.measured import Measured, blank_network, own_class
from prunekit.export.verify import proofs
from prunekit.records import Check, Mode
from prunekit.tasks.task import Task
from tests import nets
from tests.export import own_nets
from tests.export.conftest import awkward_export, cut, load_of, make_task, standing


def local_task() -> Task:
    class Local(nets.Linear):
        """A class that no process can import."""

    task = make_task("linear")
    model = Local().eval()
    model.load_state_dict(task.model.state_dict())
    return standing(replace(task, model=model))


def details(files, suffix: str) -> dict[str, str]:
    (file,) = (file for file in files if file.path.endswith(suffix))
    return {check.name: check.detail for check in file.proof.checks}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An export of a class that another process imports by its name, with its steps."""
    task, folder = standing(make_task("residual")), tmp_path_factory.mktemp("own") / "out"
    measured = Measured(task, *cut(task, Mode.CHANNELS))
    *steps, files = export(measured, folder)
    return measured, folder, steps, files


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """An export of a class that no process imports and no program captures, with its steps."""

    def refuse(*_):
        raise ExportError("torch.export cannot capture this network.")

    task, folder = local_task(), tmp_path_factory.mktemp("alone") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, "pt2", replace(FORMATS["pt2"], write=refuse))
        *steps, files = export(Measured(task, *cut(task, Mode.CHANNELS)), folder)
    return task, folder, steps, files


@pytest.fixture(scope="module")
def without_class(exported, alone):
    """What one process that is given no network says of both exports, and of a checkpoint on its own."""
    measured, folder, *_ = exported
    task, other, *_ = alone
    splits = [measured.task.data.validation, task.data.validation]
    return list(proofs([folder, folder / "residual.safetensors", other], splits))


def test_it_has_a_checkpoint_proven_in_a_fresh_process(exported):
    _, _, steps, files = exported
    assert {Path(file.path).name for file in files} == {
        "recipe.json",
        "reference.safetensors",
        "residual.safetensors",
        "load_residual.py",
        "residual.pt2",
    }
    proof = details(files, "residual.safetensors")
    assert set(proof) == {"file", "load", "params", "zeros", "macs", "outputs", "metric"}
    assert "loads in a fresh process" in proof["load"]
    (said,) = (step for step in steps if isinstance(step, Check) and step.name == "checkpoint")
    assert said.ok
    assert "takes a dense network that you make: load(network)" in said.detail


def test_the_snippet_fills_a_copy_of_a_fresh_or_a_trained_network(exported):
    measured, folder, _, _ = exported
    inputs = measured.task.data.validation.inputs
    with torch.no_grad():
        expected = measured.model(inputs)
    for network in (nets.Residual(), measured.task.model):
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        smaller = load_of(folder)(network)
        assert type(smaller) is nets.Residual
        assert smaller.conv1.out_channels == 4
        with torch.no_grad():
            torch.testing.assert_close(smaller(inputs), expected, rtol=0, atol=1e-6)
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_nothing_of_the_class_is_pickled_into_the_export(exported):
    _, folder, _, _ = exported
    assert all(b"tests.nets\nResidual" not in path.read_bytes() for path in folder.iterdir())
    assert Manifest.read(folder).own_class == "Residual of tests.nets"


def test_without_the_class_the_program_alone_is_proven_and_it_is_said(exported, without_class):
    folder = exported[1]
    checks = [p.check for p in without_class if p.path == folder and p.file == "residual.safetensors"]
    assert [(check.name, check.ok) for check in checks] == [("file", True), ("class", True)]
    assert "residual.pt2 proved its network" in checks[1].detail
    assert "needs a Residual of tests.nets" in checks[1].detail
    assert "desk.verify(folder)" in checks[1].detail
    (on_its_own,) = (
        p.check for p in without_class if p.path.name == "residual.safetensors" and p.check.name == "class"
    )
    assert not on_its_own.ok


def test_a_class_that_no_process_can_import_is_proven_in_this_one(tmp_path):
    task = local_task()
    assert own_class(task).startswith("local_task.<locals>.Local of ")
    *_, files = export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out")
    proof = details(files, "linear.safetensors")
    assert "loads in this process, since no other can import local_task.<locals>.Local" in proof["load"]
    assert proof["params"] == "107 parameters, displayed 107."
    assert "loads in a fresh process" in details(files, "linear.pt2")["load"]


def test_a_checkpoint_that_is_not_the_network_fails_in_this_process_too(tmp_path, monkeypatch):
    """The network that is filled knows nothing, so tensors that the snippet leaves out cannot stay as they were."""
    task = local_task()
    assert all(not tensor.any() for tensor in blank_network(task).state_dict().values())
    text = FORMATS["checkpoint"].write

    def forgets(measured, path):
        text(measured, path)
        snippet = path.with_name("load_linear.py")
        line = "setattr(owner, leaf, tensors[name])"
        assert line in snippet.read_text()
        snippet.write_text(snippet.read_text().replace(line, f"if place != 'fc3.bias':\n            {line}"))

    monkeypatch.setitem(FORMATS, "checkpoint", replace(FORMATS["checkpoint"], write=forgets))
    with pytest.raises(ExportError, match=r"Nothing was exported: .* parameters are not zero"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_captured_has_a_checkpoint_alone(alone, without_class):
    _, folder, steps, files = alone
    assert {Path(file.path).suffix for file in files} == {".json", ".safetensors", ".py"}
    (refused,) = (step for step in steps if isinstance(step, Check) and not step.ok)
    assert refused.name == "pt2"
    checks = [proof.check for proof in without_class if proof.path == folder]
    assert [check.name for check in checks if not check.ok] == ["class"]


def test_tied_weights_and_sizes_of_its_own_are_filled_in(tmp_path):
    task, *rest = awkward_export()
    *_, files = export(Measured(standing(task), *rest), tmp_path / "out")
    assert "loads in a fresh process" in details(files, "my_awkward_net.safetensors")["load"]
    smaller = load_of(tmp_path / "out")(own_nets.Awkward())
    assert smaller.again.weight is smaller.decode.weight
    assert smaller.width == 4


SCRIPT = """
import sys
import numpy as np
import prunekit
import torch
from torch import nn
from prunekit.export.registering import export_format

class Net(nn.Sequential):
    def __init__(self, width=8):
        super().__init__(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))

def load(path):
    arrays = {name: torch.from_numpy(array) for name, array in np.load(path).items()}
    net = Net(len(arrays["0.bias"]))
    net.load_state_dict(arrays)
    return net.eval()

@export_format("npz", title="NumPy", caption="The tensors as NumPy arrays.", suffix=".npz", load=load)
def write(measured, path):
    np.savez(path, **{name: tensor.numpy() for name, tensor in measured.model.state_dict().items()})

torch.manual_seed(0)
samples = torch.randn(20, 6), torch.arange(20) % 3
desk = prunekit.open(Net(), validation=samples, name="mine", workspace=sys.argv[1] + "/workspace")
desk.export({"channels": {"0": 0.5}}, sys.argv[1] + "/out", ["npz"], progress=False)
for check in desk.verify(sys.argv[1] + "/out").checks:
    print(check.name, check.ok, check.detail)
"""


def test_a_class_and_a_format_of_a_script_are_proven_in_its_own_process(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert " False " not in answer.stdout
    assert "mine.safetensors loads in this process, since no other can import Net of __main__;" in answer.stdout
    assert "mine.npz loads in this process, since no other can import the format npz;" in answer.stdout
    assert "mine.pt2 loads in a fresh process;" in answer.stdout
    # 6→4→3 after half of eight units: 6·4+4 + 4·3+3 parameters.
    assert answer.stdout.count("params True 43 parameters, displayed 43.") == 2
