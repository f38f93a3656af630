"""The fresh process that proves exported files: ``python -m prunekit.export.prove``.

It reads a job from standard input: ``paths`` to prove, files with validation ``splits``, the number of ``threads``,
the modules that registered further formats (``use``), and perhaps a ``network``, the file of a network to be filled.
It writes one JSON line for each check. It imports what loading needs and nothing of the app.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import filterfalse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from prunekit.errors import RAISED, CheckpointError, PrunekitError, listed
from prunekit.export.checks import file_check, network_checks
from prunekit.export.formats import FORMATS
from prunekit.export.manifest import FILE_NAME as MANIFEST
from prunekit.export.manifest import Manifest
from prunekit.export.registering import import_again
from prunekit.records import Check
from prunekit.tasks.task import Split

UNPROVEN = ("class", "format")
"""Checks that fail because this process lacks a class or a format; a process that has it can prove the file."""


def prove(path: Path, splits: Sequence[Split], network: nn.Module | None = None) -> Iterator[tuple[str, Check]]:
    """Prove an export, check by check.

    Args:
        path: the folder of an export, or one of its files.
        splits: validation splits at hand; a bundled task's are opened where none of them fits.
        network: a network to be filled, where the export names no factory.

    Yields:
        The name of the file that was checked, and the check.
    """
    folder = path if path.is_dir() else path.parent
    try:
        manifest = _manifest(path, folder)
    except PrunekitError as error:
        yield path.name, Check("manifest", False, str(error))
        return
    whole = True
    for name in filterfalse(manifest.format_of, manifest.files):
        check = file_check(folder / name, manifest)
        whole &= check.ok
        yield name, check
    if not whole:
        return  # nothing to load with or to compare with
    proven: list[str] = []
    # A file whose network cannot be made here comes last: whether that matters depends on the others.
    for name in sorted(filter(manifest.format_of, manifest.files), key=lambda name: _fills_class(name, manifest)):
        if path not in (folder, folder / name):
            continue
        ok = True
        for check in _file_checks(folder / name, manifest, splits, network, proven):
            ok &= check.ok and check.name not in UNPROVEN
            yield name, check
        if ok:
            proven.append(name)


def _file_checks(
    path: Path, manifest: Manifest, splits: Sequence[Split], network: nn.Module | None, proven: Sequence[str]
) -> Iterator[Check]:
    """Check one file that holds a network.

    Args:
        path: the file.
        manifest: what its export claims.
        splits: validation splits at hand.
        network: a network to be filled, where the export names no factory.
        proven: files of the export that were proven before.
    """
    check = file_check(path, manifest)
    yield check
    if not check.ok:
        return
    if (name := manifest.format_of(path.name)) not in FORMATS:
        yield Check(
            "format",
            False,
            f"{path.name} is of the format {name!r}, which is not known here; register it first, as for the export.",
        )
    elif network is None and _fills_class(path.name, manifest):
        others = f", and {listed(proven)} proved its network" if proven else ""
        yield Check(
            "class",
            bool(proven),
            f"{path.name} is the file that was written{others}; to be loaded it needs a {manifest.own_class}, which "
            f"this process cannot import: open that network and call desk.verify(folder).",
        )
    else:
        yield from network_checks(path, manifest, splits, network)


def _manifest(path: Path, folder: Path) -> Manifest:
    if not path.exists():
        raise CheckpointError(f"{path} is not there; name the folder an export was written to, or a file in it.")
    if path != folder and not (folder / MANIFEST).exists():
        raise CheckpointError(f"{path} is no file of an export, which has a {MANIFEST} beside it; name another.")
    manifest = Manifest.read(folder)
    if path != folder and path.name not in manifest.files:
        raise CheckpointError(f"{path} is not listed in its manifest; name an exported file.")
    return manifest


def _fills_class(file: str, manifest: Manifest) -> bool:
    """Tell whether a file fills a network that its receiver has to make."""
    format = FORMATS.get(manifest.format_of(file))
    return bool(manifest.own_class) and format is not None and format.fills_class


def _network(path: str | None) -> nn.Module | None:
    """Read the network that our own other process wrote; ``None`` where its class cannot be imported here."""
    if path is None:
        return None
    try:
        network: nn.Module = torch.load(path, weights_only=False)
    except RAISED:
        return None
    return network


def main() -> None:
    """Read the job, prove it, write the checks."""
    job = json.load(sys.stdin)
    # Other people's code may print; the checks alone go to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    splits = [Split(**load_file(file)) for file in job["splits"]]
    torch.set_num_threads(job["threads"])
    for module, file in job["use"]:
        with suppress(PrunekitError):  # a format that is not there is said of its file
            import_again(module, file)
    network = _network(job["network"])
    for path in job["paths"]:
        for file, check in prove(Path(path), splits, network):
            print(json.dumps({"path": path, "file": file, "check": asdict(check)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # everything is said and flushed; torch takes seconds to tear down
