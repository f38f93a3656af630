"""Proof of exported files: starts one fresh process and hears its checks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from prunekit.export.checks import network_checks
from prunekit.export.formats import FORMATS
from prunekit.export.manifest import Manifest
from prunekit.export.prove import UNPROVEN
from prunekit.export.registering import sources
from prunekit.records import Check, Verdict
from prunekit.scratch import scratch_folder
from prunekit.tasks.task import Split


@dataclass(frozen=True, slots=True)
class Proof:
    """One check of one file.

    Attributes:
        path: the folder or file that was to be verified, as it was given.
        file: name of the file that was checked.
        check: how it went.
    """

    path: Path
    file: str
    check: Check


def verify(path: Path, splits: Sequence[Split] = (), network: nn.Module | None = None) -> Verdict:
    """Prove in a fresh process that an export is what was measured.

    Every file must be the one that was written, byte for byte; every network must load without the app, have the
    displayed counts, give the measured network's outputs and reach the displayed metric. This runs the factory that
    the export names, so verify only exports of networks whose code you trust.

    Args:
        path: the folder of an export, or one of its network files.
        splits: the validation split it was measured on; a bundled task needs none.
        network: an untrained network of the user's own class, where the export names no factory.

    Returns:
        Every check; a damaged file is a failed check, not an error.
    """
    return Verdict(tuple(proof.check for proof in proofs([path], splits, network)))


def proofs(paths: Sequence[Path], splits: Sequence[Split] = (), network: nn.Module | None = None) -> Iterator[Proof]:
    """Prove several exports in one fresh process, check by check.

    A class or a format that only this process knows, as one of a notebook, is proven here, and the check says so.

    Args:
        paths: folders of exports, or files in them.
        splits: validation splits they were measured on; exports find theirs by its digest.
        network: an untrained network of the user's own class, where the exports name no factory.
    """
    for proof in _proofs_elsewhere(paths, splits, network):
        if proof.check.name not in UNPROVEN:
            yield proof
            continue
        folder = proof.path if proof.path.is_dir() else proof.path.parent
        manifest = Manifest.read(folder)
        name = manifest.format_of(proof.file)
        if name not in FORMATS or (proof.check.name == "class" and network is None):
            yield proof
            continue
        if proof.check.name == "class":
            where = f"in this process, since no other can import {manifest.own_class}"
        else:
            where = f"in this process, since no other can import the format {name}"
        for check in network_checks(folder / proof.file, manifest, splits, network, where):
            yield Proof(proof.path, proof.file, check)


def _proofs_elsewhere(paths: Sequence[Path], splits: Sequence[Split], network: nn.Module | None) -> Iterator[Proof]:
    with scratch_folder("prunekit-proof") as folder:
        job = {
            "paths": [str(path) for path in paths],
            "splits": [str(_store(split, Path(folder) / f"{i}.safetensors")) for i, split in enumerate(splits)],
            "network": _send(network, Path(folder) / "network.pt"),
            "use": sources(),
            "threads": torch.get_num_threads(),
        }
        # What can be imported here can be imported there.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with (Path(folder) / "errors").open("w+") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "prunekit.export.prove"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
            with process:
                try:
                    yield from _listen(process, job)
                finally:
                    process.kill()  # its output is not read any more; an ended process ignores this
            if process.returncode:
                errors.seek(0)
                last = (errors.read().strip().splitlines() or ["no message"])[-1]
                detail = f"The fresh process ended with code {process.returncode} before it was done: {last}"
                yield Proof(Path(paths[-1]), "", Check("process", False, detail))


def _listen(process: "subprocess.Popen[str]", job: dict[str, Any]) -> Iterator[Proof]:
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as stdin:
        json.dump(job, stdin)
    for line in process.stdout:
        answer = json.loads(line)
        yield Proof(Path(answer["path"]), answer["file"], Check(**answer["check"]))
    process.wait()


def _store(split: Split, path: Path) -> Path:
    save_file({"inputs": split.inputs.contiguous(), "targets": split.targets.contiguous()}, path)
    return path


def _send(network: nn.Module | None, path: Path) -> str | None:
    """Write a network for our own other process; ``None`` where it cannot be written, as one of a local class."""
    if network is None:
        return None
    try:
        torch.save(network, path)
    except Exception:  # pickling runs other people's code
        return None
    return str(path)
