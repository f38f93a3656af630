"""The checks of one exported file: its bytes, then the network in it against what was displayed."""

import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from prunekit.errors import CheckpointError, PrunekitError
from prunekit.export import reference
from prunekit.export.formats import FORMATS, Format
from prunekit.export.manifest import Manifest, Own, file_entry
from prunekit.records import Check
from prunekit.tasks.task import Split
from prunekit.tasks.zoo import TASKS


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network that was loaded from an exported file, with what the export claims of it.

    Attributes:
        path: the file.
        model: the network, in eval mode.
        manifest: the claims.
        splits: validation splits at hand.
    """

    path: Path
    model: nn.Module
    manifest: Manifest
    splits: Sequence[Split]

    @cached_property
    def split(self) -> Split:
        """The samples that the network was measured on; a bundled task's are opened where no known split fits.

        Raises:
            CheckpointError: they are not at hand.
        """
        return find_split(self.manifest, self.splits)

    def counts(self) -> Iterator[Check]:
        """Count the parameters, and those that are not zero."""
        # A loaded program has a parameter for every place of a tied tensor, all on one storage.
        places = {parameter.data_ptr(): parameter for parameter in self.model.parameters()}.values()
        params, displayed = sum(one.numel() for one in places), self.manifest.params
        yield Check("params", params == displayed, f"{params:,} parameters, displayed {displayed:,}.")
        if self.manifest.nonzero is not None:
            nonzero, displayed = sum(int(one.count_nonzero()) for one in places), self.manifest.nonzero
            yield Check("zeros", nonzero == displayed, f"{nonzero:,} parameters are not zero, displayed {displayed:,}.")

    def macs(self) -> Check:
        """Count the multiply-accumulates of one input; not of programs, which are traces of what was counted."""
        macs, displayed = count_macs(self.model, self.split.inputs[:1]), self.manifest.macs
        return Check("macs", macs == displayed, f"{macs:,} MACs for one input, displayed {displayed:,}.")

    def outputs(self) -> Iterator[Check]:
        """Compare outputs and metric with those of the measured network, or with the file's own where it differs."""
        manifest, path, split = self.manifest, self.path, self.split
        own = manifest.own.get(path.name)
        claimed = own or Own(reference.FILE_NAME, manifest.correct, manifest.value)
        measured = reference.read_reference(path.with_name(claimed.reference))
        answers = reference.outputs(self.model, split.inputs)
        agreement = reference.agreement(
            measured, answers, split.targets, manifest.metric, 0.0 if own else manifest.rounding
        )
        value = manifest.value if claimed.value is None else claimed.value
        yield from reference.agreement_checks(agreement, claimed.correct, manifest.n, manifest.metric, value)


def file_check(path: Path, manifest: Manifest) -> Check:
    """Check that a file is the one that was written, byte for byte."""
    expected = manifest.files[path.name]
    try:
        entry = file_entry(path)
    except OSError as error:
        return Check("file", False, f"{path.name} cannot be read ({error.strerror}); export it again.")
    if entry.bytes != expected.bytes:
        detail = f"{path.name} has {entry.bytes:,} bytes where {expected.bytes:,} were written; export it again."
    elif entry.sha256 != expected.sha256:
        detail = f"{path.name} was changed after it was written (its SHA-256 differs); export it again."
    else:
        detail = f"{path.name}: {entry.bytes:,} bytes, SHA-256 {entry.sha256}."
    return Check("file", entry == expected, detail)


def network_checks(
    path: Path,
    manifest: Manifest,
    splits: Sequence[Split],
    network: nn.Module | None = None,
    where: str = "in a fresh process",
) -> Iterator[Check]:
    """Check that a file, which is the one that was written, holds the network that was measured.

    Args:
        path: the file.
        manifest: what its export claims; the file's format is known here.
        splits: validation splits at hand.
        network: an untrained network of the user's own class, where there is no factory to import.
        where: where this runs, in words.
    """
    format = FORMATS[manifest.format_of(path.name)]
    try:
        model = load(format, path, manifest, network)
    except PrunekitError as error:
        yield Check("load", False, str(error))
        return
    except Exception as error:  # the factory and the snippet are other people's code
        yield Check("load", False, f"{path.name} cannot be loaded: {_one_line(error)}")
        return
    yield Check(
        "load",
        True,
        f"{path.name} loads {where}; the measured network's tensors take {manifest.bytes:,} bytes, "
        f"{manifest.bytes_dense:,} before pruning.",
    )
    loaded = Loaded(path, model, manifest, splits)
    try:
        yield from format.checks(loaded)
        yield from loaded.outputs()
    except PrunekitError as error:
        yield Check("outputs", False, str(error))
    except Exception as error:
        yield Check("outputs", False, f"{path.name} cannot be run on the validation samples: {_one_line(error)}")


def load(format: Format, path: Path, manifest: Manifest, network: nn.Module | None) -> nn.Module:
    """Load a file as its receiver does, whose own class it fills where it has no factory to import."""
    if not format.fills_class:
        return format.load(path)
    return format.load(path, network if manifest.own_class else None)


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
    except RuntimeError:  # it needs values, such as those that a branch reads; fused recurrent layers hide products
        with _unfused(), FlopCounterMode(display=False) as counter:
            copy.deepcopy(model)(sample)
    return int(counter.get_total_flops()) // 2


@contextlib.contextmanager
def _unfused() -> Iterator[None]:
    """Let recurrent layers run product by product."""
    before, *_ = torch.backends.mkldnn.set_flags(False, _fp32_precision=None)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(before, _fp32_precision=None)  # type: ignore[no-untyped-call]


def find_split(manifest: Manifest, splits: Sequence[Split]) -> Split:
    """Find the samples that an export was measured on.

    Raises:
        CheckpointError: they are not at hand.
    """
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


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
