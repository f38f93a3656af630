"""The checkpoint: the tensors with everything about them, and the snippet that fills the network's own class."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.export.formats.format import Format

if TYPE_CHECKING:
    from torch import nn

    from prunekit.export.checks import Loaded
    from prunekit.export.measured import Measured
    from prunekit.records import Check


def _write(measured: "Measured", path: Path) -> None:
    from prunekit.export.checkpoint import write_checkpoint
    from prunekit.export.snippet import load_snippet

    write_checkpoint(path, measured.task, measured.recipe, measured.pruned, measured.reading)
    pruned = measured.pruned
    snippet = load_snippet(
        path.stem,
        measured.task.factory_path,
        pruned.cost.params,
        arguments=measured.task.arguments,
        few_bits=bool(pruned.precisions),
        rounds_inputs=bool(pruned.levels),
        replaced=bool(pruned.replaced),
        folded=bool(measured.task.folded),
    )
    _snippet_of(path).write_text(snippet)


def _load(path: Path, network: "nn.Module | None" = None) -> "nn.Module":
    """Load a checkpoint as its receiver does: by running the load snippet beside it."""
    import runpy

    from prunekit.export.stored import check_checkpoint

    check_checkpoint(path)
    load = runpy.run_path(str(_snippet_of(path)))["load"]
    model: nn.Module = load(path) if network is None else load(network, path)
    return model


def _checks(loaded: "Loaded") -> "Iterator[Check]":
    from prunekit.export.stored import packed_bytes
    from prunekit.records import Check

    size, displayed = packed_bytes(loaded.path), loaded.manifest.bytes
    if size is not None:
        yield Check("bytes", size == displayed, f"{size:,} bytes of packed tensors, displayed {displayed:,}.")
    yield from loaded.counts()
    yield loaded.macs()


def _snippet_of(path: Path) -> Path:
    return path.with_name(f"load_{path.stem}.py")


CHECKPOINT = Format(
    name="checkpoint",
    title="Checkpoint",
    caption="The checkpoint: tensors, the recipe and the kept units. Data only, no code.",
    suffix=".safetensors",
    write=_write,
    load=_load,
    checks=_checks,
    beside="The load snippet: makes a network of its own class of the checkpoint.",
    always=True,
    fills_class=True,
)
