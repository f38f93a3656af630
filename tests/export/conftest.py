"""Exports of tiny networks, whole and damaged, all proven in one fresh process."""

import copy
import json
import runpy
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from prunekit.cut.pruned import Pruned, prune
from prunekit.export import reference
from prunekit.export.manifest import FILE_NAME, Manifest, file_entry
from prunekit.export.measured import Measured
from prunekit.export.stored import digest
from prunekit.export.verify import Proof, proofs
from prunekit.export.writing import write_export
from prunekit.graph import structure_of
from prunekit.measure.evaluate import evaluate
from prunekit.program.outputs import Outputs
from prunekit.recipe import Recipe
from prunekit.records import Cost, Mode, Reading
from prunekit.tasks.task import Data, Split, Task
from tests import nets
from tests.export import own_nets

SAMPLES = 40


def make_task(net: str) -> Task:
    """A tiny network as a task; three quarters of its targets are its own answers."""
    factory = nets.NETS[net]
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, *((6,) if net == "linear" else (3, 8, 8)), generator=generator)
    model = nets.make(net)
    with torch.no_grad():
        targets = model(inputs).argmax(1)
    targets[::4] = 0
    split = Split(inputs, targets)
    path = f"{nets.__file__}:{factory.__name__}"
    return Task(net, net, model, factory, path, Data(split, split, None, ("a", "b", "c", "d")))


def standing(task: Task) -> Task:
    """The task as if its network had been opened as a module."""
    return replace(task, factory=lambda: copy.deepcopy(task.model), factory_path="", arguments={})


def load_of(folder: Path):
    return runpy.run_path(str(next(folder.glob("load_*.py"))))["load"]


def cut(task: Task, mode: Mode, sparsity: float = 0.5, whole: bool = False) -> tuple:
    """Everything an export needs of a task's network with half of it removed: of all of it where only a graph can."""
    structure = structure_of(task.model, task.example)
    if mode is Mode.CHANNELS:
        groups = [group for group in structure.prunable if whole or not group.graph_only]
        recipe = Recipe(task=task.name, channels={group.name: sparsity for group in groups})
    else:
        recipe = Recipe(task=task.name, weights={layer.name: sparsity for layer in structure.layers})
    pruned = prune(task.model, structure, recipe)
    return structure, recipe, pruned, read(pruned, recipe, task.data.validation)


def read(
    pruned: Pruned, recipe: Recipe, split: Split, metric: str = "accuracy", outputs: Outputs | None = None
) -> Reading:
    *_, reading = evaluate(outputs or pruned.model, split, metric, recipe=recipe.digest)
    return reading


def awkward_export() -> tuple:
    """A network that no analysis made: the hand-cut one of a person's own file."""
    torch.manual_seed(0)
    task = replace(
        make_task("plain"),
        name="my awkward-net",
        model=own_nets.Awkward().eval(),
        factory=own_nets.Awkward,
        factory_path=f"{own_nets.__file__}:Awkward",
    )
    model = own_nets.small_awkward()
    # Multiply-accumulates on 8×8: 3·4·9 and 2·4·9 a pixel, then 4×4 four times.
    cost = Cost(sum(p.numel() for p in model.parameters()), 64 * (108 + 72) + 4 * 16, 0)
    pruned = Pruned(model, {"stem": (0, 2, 4, 6)}, {}, cost)
    recipe = Recipe(task=task.name, channels={"stem": 0.5})
    return task, structure_of(task.model, task.example), recipe, pruned, read(pruned, recipe, task.data.validation)


def sign(folder: Path, **changes: object) -> None:
    """Make a damaged export's manifest agree with its files, so that only what is inside can betray it."""
    manifest = Manifest.read(folder)
    files = {name: file_entry(folder / name) for name in manifest.files}
    replace(manifest, files=files, **changes).write(folder)


def rewrite(path: Path, change: Callable[[dict], dict], sha256: str | None = None) -> None:
    """Write a checkpoint anew with other tensors under its old metadata, or with another digest in them."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = change({name: tensor.clone() for name, tensor in load_file(path).items()})
    save_file(tensors, path, metadata | ({"sha256": sha256} if sha256 else {}))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 64
    path.write_bytes(data)


def add_sample_inputs(path: Path) -> None:
    """Put a pickle where torch.export keeps the example inputs."""
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, b"\x80\x02N." if name.endswith("sample_inputs/model.pt") else content)


def _truncate(folder: Path) -> None:
    path = folder / "plain.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _truncate_signed(folder: Path) -> None:
    _truncate(folder)
    sign(folder)


def _flip(folder: Path) -> None:
    flip(folder / "plain.safetensors")


def _flip_signed(folder: Path) -> None:
    _flip(folder)
    sign(folder)


def _wrong_shapes(folder: Path) -> None:
    path = folder / "plain.safetensors"
    tensors = {**load_file(path), "fc2.weight": torch.zeros(4, 3)}
    rewrite(path, lambda _: tensors, digest(tensors))
    sign(folder)


def _truncate_pt2(folder: Path) -> None:
    path = folder / "plain.pt2"
    path.write_bytes(path.read_bytes()[:-100])
    sign(folder)


def _pickle_pt2(folder: Path) -> None:
    add_sample_inputs(folder / "plain.pt2")
    sign(folder)


def _other_snippet(folder: Path) -> None:
    with (folder / "load_plain.py").open("a") as file:
        file.write("# and more\n")


def _failing_factory(folder: Path) -> None:
    path = folder / "load_plain.py"
    text = path.read_text().replace(repr(nets.__file__), repr(own_nets.__file__)).replace('"Plain"', '"raises"')
    path.write_text(text)
    sign(folder)


def _leaving_factory(folder: Path) -> None:
    path = folder / "load_plain.py"
    text = path.read_text().replace(repr(nets.__file__), repr(own_nets.__file__)).replace('"Plain"', '"leaves"')
    path.write_text(text)
    sign(folder)


def _other_outputs(folder: Path) -> None:
    path = folder / reference.FILE_NAME
    reference.write_reference(path, load_file(path)["logits"].roll(1, dims=1))
    sign(folder)


def _other_numbers(folder: Path) -> None:
    sign(folder, params=1, macs=2, correct=3, nonzero=4)


def _other_samples(folder: Path) -> None:
    sign(folder, split="0" * 64)


def _missing_file(folder: Path) -> None:
    (folder / "recipe.json").unlink()


def _no_manifest(folder: Path) -> None:
    (folder / FILE_NAME).unlink()


def _foreign_manifest(folder: Path) -> None:
    (folder / FILE_NAME).write_text(json.dumps({"name": "another program's"}))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated": _truncate,
    "truncated and signed": _truncate_signed,
    "flipped": _flip,
    "flipped and signed": _flip_signed,
    "wrong shapes": _wrong_shapes,
    "truncated program": _truncate_pt2,
    "pickle in the program": _pickle_pt2,
    "changed snippet": _other_snippet,
    "failing factory": _failing_factory,
    "other outputs": _other_outputs,
    "other numbers": _other_numbers,
    "other samples": _other_samples,
    "missing file": _missing_file,
    "no manifest": _no_manifest,
    "foreign manifest": _foreign_manifest,
    "leaving factory": _leaving_factory,  # last: the process ends there
}


@pytest.fixture(scope="session")
def exports(tmp_path_factory) -> dict[str, Path]:
    """Folders of whole exports: every tiny network in both modes, and a person's own."""
    root = tmp_path_factory.mktemp("exports")
    folders = {}
    for net in nets.NETS:
        for mode in Mode:
            task = make_task(net)
            folders[f"{net} {mode}"] = folder = root / f"{net}-{mode}"
            for _ in write_export(Measured(task, *cut(task, mode)), folder):
                pass
    folders["graph"], task = root / "graph", make_task("attention")
    for _ in write_export(Measured(task, *cut(task, Mode.CHANNELS, whole=True)), folders["graph"]):
        pass
    folders["awkward"] = root / "awkward"
    for _ in write_export(Measured(*awkward_export()), folders["awkward"]):
        pass
    return folders


@pytest.fixture(scope="session")
def proven(exports, tmp_path_factory) -> dict[str, list[Proof]]:
    """What one fresh process says of every export and of every damaged copy of one."""
    root = tmp_path_factory.mktemp("damaged")
    paths = dict(exports)
    paths["one file"] = exports["plain channels"] / "plain.pt2"
    for name, damage in DAMAGES.items():
        paths[name] = root / name.replace(" ", "-")
        shutil.copytree(exports["plain channels"], paths[name])
        damage(paths[name])
    splits = [make_task(net).data.validation for net in nets.NETS]
    found: dict[str, list[Proof]] = {name: [] for name in paths}
    names = {path: name for name, path in paths.items()}
    for proof in proofs(list(paths.values()), splits):
        found[names[proof.path]].append(proof)
    return found
