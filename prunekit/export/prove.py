"""The fresh process that proves exported files: ``python -m prunekit.export.prove``.

It reads a job from standard input, ``{"paths": […], "splits": […]}``, and writes one JSON line for each check. It
imports what loading needs and nothing of the app.
"""

import copy
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from itertools import filterfalse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from prunekit.errors import CheckpointError, PrunekitError
from prunekit.export import reference
from prunekit.export.checkpoint import check_checkpoint, packed_bytes
from prunekit.export.manifest import FILE_NAME as MANIFEST
from prunekit.export.manifest import Manifest, Own, file_entry
from prunekit.export.onnx import read_onnx
from prunekit.export.pt2 import read_pt2
from prunekit.records import Check
from prunekit.tasks.task import Split
from prunekit.tasks.zoo import TASKS


def load_with_snippet(path: Path) -> nn.Module:
    """Load a checkpoint as its receiver does: by running the load snippet beside it."""
    check_checkpoint(path)
    model: nn.Module = runpy.run_path(str(path.with_name(f"load_{path.stem}.py")))["load"](path)
    return model


LOADERS: dict[str, Callable[[Path], nn.Module]] = {
    ".safetensors": load_with_snippet,
    ".pt2": read_pt2,
    ".onnx": read_onnx,
}
"""How a network is loaded from an exported file, by its suffix."""


def prove(path: Path, splits: Sequence[Split]) -> Iterator[tuple[str, Check]]:
    """Prove an export, check by check.

    Args:
        path: the folder of an export, or one of its files.
        splits: validation splits at hand; a bundled task's are opened where none of them fits.

    Yields:
        The name of the file that was checked, and the check.
    """
    folder = path if path.is_dir() else path.parent
    try:
        if not path.exists():
            raise CheckpointError(f"{path} is not there; name the folder an export was written to, or a file in it.")
        if path != folder and not (folder / MANIFEST).exists():
            raise CheckpointError(f"{path} is no file of an export, which has a {MANIFEST} beside it; name another.")
        manifest = Manifest.read(folder)
        if path != folder and path.name not in manifest.files:
            raise CheckpointError(f"{path} is not listed in its manifest; name an exported file.")
    except PrunekitError as error:
        yield path.name, Check("manifest", False, str(error))
        return
    asked = list(manifest.files) if path == folder else [path.name]
    whole = True
    for name in filterfalse(_is_network, manifest.files):
        check = file_check(folder / name, manifest)
        whole &= check.ok
        yield name, check
    if not whole:
        return  # nothing to load with or to compare with
    for name in filter(_is_network, asked):
        for check in network_checks(folder / name, manifest, splits):
            yield name, check


def file_check(path: Path, manifest: Manifest) -> Check:
    """Check that a file is the one that was written, byte for byte."""
    expected = manifest.files[path.name]
    try:
        given = file_entry(path)
    except OSError as error:
        return Check("file", False, f"{path.name} cannot be read ({error.strerror}); export it again.")
    if given.bytes != expected.bytes:
        detail = f"{path.name} has {given.bytes:,} bytes where {expected.bytes:,} were written; export it again."
    elif given.sha256 != expected.sha256:
        detail = f"{path.name} was changed after it was written (its SHA-256 differs); export it again."
    else:
        detail = f"{path.name}: {given.bytes:,} bytes, SHA-256 {given.sha256}."
    return Check("file", given == expected, detail)


def network_checks(path: Path, manifest: Manifest, splits: Sequence[Split]) -> Iterator[Check]:
    """Check that a file holds the network that was measured."""
    check = file_check(path, manifest)
    yield check
    if not check.ok:
        return
    try:
        model = LOADERS[path.suffix](path)
    except PrunekitError as error:
        yield Check("load", False, str(error))
        return
    except Exception as error:  # the factory and the snippet are other people's code
        yield Check("load", False, f"{path.name} cannot be loaded: {_one_line(error)}")
        return
    yield Check(
        "load",
        True,
        f"{path.name} loads in a fresh process; the measured network's tensors take {manifest.bytes:,} bytes, "
        f"{manifest.bytes_dense:,} before pruning.",
    )
    if path.suffix == ".safetensors" and (size := packed_bytes(path)) is not None:
        yield Check("bytes", size == manifest.bytes, f"{size:,} bytes of packed tensors, displayed {manifest.bytes:,}.")
    if path.suffix == ".onnx":  # the exporter folds normalisations away
        yield from _outputs(path, model, manifest, splits)
        return
    # A loaded program has a parameter for every place of a tied tensor, all on one storage.
    places = {parameter.data_ptr(): parameter for parameter in model.parameters()}.values()
    params, left = sum(one.numel() for one in places), sum(int(one.count_nonzero()) for one in places)
    yield Check("params", params == manifest.params, f"{params:,} parameters, displayed {manifest.params:,}.")
    if manifest.nonzero is not None:
        zeros = f"{left:,} parameters are not zero, displayed {manifest.nonzero:,}."
        yield Check("zeros", left == manifest.nonzero, zeros)
    yield from _outputs(path, model, manifest, splits)


def _outputs(path: Path, model: nn.Module, manifest: Manifest, splits: Sequence[Split]) -> Iterator[Check]:
    try:
        yield from _output_checks(path, model, manifest, splits)
    except PrunekitError as error:
        yield Check("outputs", False, str(error))
    except Exception as error:
        yield Check("outputs", False, f"{path.name} cannot be run on the validation samples: {_one_line(error)}")


def count_macs(model: nn.Module, sample: Tensor) -> int:
    """Count multiply-accumulates of one input on a meta copy, independently of PruneKit's formulas.

    Args:
        model: any network.
        sample: ``(1, …)``.
    """
    with torch.no_grad():  # the old weight_norm's weight has a history, and cannot be copied, until it is computed anew
        model(sample)
    # On the CPU the counter does not see the fused attention; without gradients it misses whole encoder layers.
    try:
        with FlopCounterMode(display=False) as counter:
            copy.deepcopy(model).to("meta")(sample.to("meta"))
    except RuntimeError:  # it needs values, such as those that a branch reads
        with FlopCounterMode(display=False) as counter:
            copy.deepcopy(model)(sample)
    return int(counter.get_total_flops()) // 2


def _output_checks(path: Path, model: nn.Module, manifest: Manifest, splits: Sequence[Split]) -> Iterator[Check]:
    split = _find_split(manifest, splits)
    if path.suffix == ".safetensors":  # programs are traces of the network that is counted here
        macs = count_macs(model, split.inputs[:1])
        yield Check("macs", macs == manifest.macs, f"{macs:,} MACs for one input, displayed {manifest.macs:,}.")
    own = manifest.own.get(path.name, Own(reference.FILE_NAME, manifest.correct))
    said = reference.read_reference(path.with_name(own.reference))
    given, rounding = reference.outputs(model, split.inputs), 0.0 if path.name in manifest.own else manifest.rounding
    found = reference.agreement(said, given, split.targets, manifest.metric, rounding)
    value = manifest.value if own.value is None else own.value
    yield from reference.agreement_checks(found, own.correct, manifest.n, manifest.metric, value)


def _find_split(manifest: Manifest, splits: Sequence[Split]) -> Split:
    for split in splits:
        if reference.split_digest(split) == manifest.split:
            return split
    if manifest.task in TASKS and reference.split_digest(split := _bundled(manifest.task)) == manifest.split:
        return split
    if splits:
        raise CheckpointError(
            f"{manifest.task!r} was measured on other validation samples or targets than are given; where it has no "
            "labels, its network's answers are the targets, so name a checkpoint or seed the factory, and export again."
        )
    raise CheckpointError(
        f"The validation samples that {manifest.task!r} was measured on are not at hand; verify with its project file."
    )


@cache
def _bundled(task: str) -> Split:
    return TASKS[task]().data.validation


def _is_network(name: str) -> bool:
    return Path(name).suffix in LOADERS and not name.startswith(reference.STEM)


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def main() -> None:
    """Read the job, prove it, write the checks."""
    job = json.load(sys.stdin)
    # Other people's code may print; the checks alone go to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    splits = [Split(**load_file(file)) for file in job["splits"]]
    torch.set_num_threads(job["threads"])
    for path in job["paths"]:
        for file, check in prove(Path(path), splits):
            print(json.dumps({"path": path, "file": file, "check": asdict(check)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # everything is said and flushed; torch takes seconds to tear down
