import subprocess
import sys
import zipfile
from io import BytesIO

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from prunekit.errors import ExportError
from prunekit.export.bundle import zipped
from prunekit.export.export import export
from prunekit.export.formats.pth import plain_state
from prunekit.export.manifest import FILE_NAME
from prunekit.export.measured import Measured
from prunekit.export.verify import verify
from prunekit.records import Mode
from tests.export.conftest import cut, make_task, sign, standing
from tools.app_server import ROOT

RECEIVER = """
import torch
from safetensors.torch import load_file
from load_plain import load

state = torch.load("plain.pth", weights_only=True)
model = load()
for tensor in model.state_dict().values():
    tensor.zero_()
model.load_state_dict(state)
samples = load_file("samples.safetensors")
with torch.no_grad():
    right = (model(samples["inputs"]).argmax(1) == samples["targets"]).sum()
print(int(right), sum(p.numel() for p in model.parameters()))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    task = make_task("plain")
    measured = Measured(task, *cut(task, Mode.CHANNELS))
    folder = tmp_path_factory.mktemp("pth") / "out"
    *_, files = export(measured, folder, ["pth"])
    return measured, folder, files


def test_the_zip_unpacks_to_files_whose_state_dict_has_the_measured_accuracy_in_a_fresh_process(exported, tmp_path):
    measured, folder, _ = exported
    with zipfile.ZipFile(BytesIO(zipped(folder))) as archive:
        archive.extractall(tmp_path)
    unpacked = tmp_path / "plain"
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]
    assert {path.name for path in unpacked.iterdir()} == {path.name for path in folder.iterdir()}
    split = measured.task.data.validation
    save_file({"inputs": split.inputs, "targets": split.targets}, unpacked / "samples.safetensors")
    ran = subprocess.run(
        [sys.executable, "-c", RECEIVER],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{unpacked}:{ROOT}"},
    )
    assert [*map(int, ran.stdout.split())] == [measured.reading.correct, measured.pruned.cost.params]


def test_its_file_is_proven_as_the_checkpoint_is(exported):
    *_, files = exported
    checks = {file.path.rpartition("/")[2]: [check.name for check in file.proof.checks] for file in files}
    assert checks["plain.pth"] == checks["plain.safetensors"]
    assert all(file.proof.ok for file in files)


def test_a_file_with_other_tensors_is_not_proven_by_the_checkpoint_beside_it(exported, tmp_path):
    measured, folder, _ = exported
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    state = torch.load(copy / "plain.pth", weights_only=True)
    torch.save({name: torch.zeros_like(tensor) for name, tensor in state.items()}, copy / "plain.pth")
    sign(copy)
    failed = {
        check.name for check in verify(copy / "plain.pth", [measured.task.data.validation]).checks if not check.ok
    }
    assert {"zeros", "outputs"} <= failed


def test_a_network_without_a_factory_takes_the_receivers_own(tmp_path):
    task = standing(make_task("plain"))
    measured = Measured(task, *cut(task, Mode.WEIGHTS))
    *_, files = export(measured, tmp_path / "out", ["pth"])
    (file,) = (file for file in files if file.path.endswith(".pth"))
    assert file.proof.ok


def test_tensors_are_stored_once_and_without_what_they_are_a_slice_of(tmp_path):
    model = nn.Sequential(nn.Linear(100, 100, bias=False), nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[2].weight = nn.Parameter(model[0].weight.data[:2, :2])
    state = plain_state(nn.Sequential(model[1], model[2]))
    assert state["0.weight"] is state["1.weight"]
    torch.save(state, tmp_path / "state.pth")
    assert (tmp_path / "state.pth").stat().st_size < 100 * 100
    assert torch.equal(torch.load(tmp_path / "state.pth", weights_only=True)["1.weight"], model[0].weight[:2, :2])


def test_a_state_that_is_no_tensor_is_refused_in_words():
    class Counted(nn.Linear):
        def get_extra_state(self):
            return {"calls": 3}

    with pytest.raises(ExportError, match="'0._extra_state' is a dict, and a .pth holds only tensors"):
        plain_state(nn.Sequential(Counted(2, 2)))


def test_a_folder_without_an_export_is_not_packed(tmp_path):
    with pytest.raises(ExportError, match=FILE_NAME):
        zipped(tmp_path)
