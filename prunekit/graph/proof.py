"""The proof of a cut: the smaller network is compared with the exact reference, on samples, in double precision."""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.analyze import analysis
from prunekit.graph.labels import Labels
from prunekit.graph.propagate import propagate
from prunekit.graph.record import Example, leaves
from prunekit.graph.reference import reference
from prunekit.graph.shrink import shrink
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, named_tensors, trace
from prunekit.records import EXACT, Group, Proof

ROUNDINGS = 100
"""Roundings of the narrowest type of a network that its answer may differ by, where that is wider than ``EXACT``."""
SINGLE = 1e-4
"""Largest difference, as a fraction of the answer, where a network runs in single precision only."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A network ready to be cut and compared.

    Attributes:
        model: the network, in the precision that is compared in.
        structure: its analysis.
        trace: its record on the example.
        labels: the channels of the record's values.
        example: the samples, ``(batch, …)``, or all arguments.
    """

    model: nn.Module
    structure: Structure
    trace: Trace
    labels: Labels
    example: Example

    def error(self, kept: Mapping[str, Sequence[int]]) -> float:
        """Return the largest difference between the smaller network and the reference, as a fraction of the answer."""
        small = shrink(self.model, self.structure, kept)
        arguments = self.example if isinstance(self.example, tuple) else (self.example,)
        with torch.no_grad():
            answers = leaves(small(*arguments))
        survives = self.structure.survivors(kept)
        tensors = dict(named_tensors(self.model))
        wanted = reference(self.trace, self.labels, survives, tensors, leaves(self.example))
        if [tensor.shape for tensor in answers] != [tensor.shape for tensor in wanted]:
            return math.inf
        return max(map(_difference, answers, wanted), default=0.0)

    @property
    def bound(self) -> float:
        """The largest difference that rounding explains, as a fraction of the answer."""
        if not any(tensor.dtype == torch.double for tensor in self.model.state_dict().values()):
            return SINGLE
        values = (node.meta.get("val") for node in self.trace.graph.nodes if isinstance(node, fx.Node))
        types = {value.dtype for value in values if isinstance(value, Tensor) and value.is_floating_point()}
        return max([EXACT, *(ROUNDINGS * torch.finfo(kind).eps for kind in types)])


def comparison(model: nn.Module, structure: Structure, example: Example) -> Comparison:
    """Get a network that was analysed before ready to be compared, on any samples.

    Args:
        model: the network; it is not changed.
        structure: its analysis.
        example: the samples to compare on, ``(batch, …)`` with a batch of at least 2, or all arguments.

    Raises:
        StructureError: the network cannot be recorded on these samples, or takes another way with them.
    """
    try:
        return _recorded(copy.deepcopy(model).double().eval(), structure, _double(example))
    except StructureError:
        return _recorded(copy.deepcopy(model).eval(), structure, example)


def _recorded(model: nn.Module, structure: Structure, example: Example) -> Comparison:
    traced = trace(model, example)
    labels, _ = propagate(traced)
    if labels.count != len(structure.group_of):
        raise StructureError("The network takes another way with these samples than with the example.")
    return Comparison(model, structure, traced, labels, example)


class Prover:
    """A network in double precision, analysed there and ready to be cut and compared.

    Args:
        model: the network; it is not changed.
        example: inputs to compare on, ``(batch, …)`` with a batch of at least 2, or all arguments.

    Raises:
        StructureError: the network cannot be traced in double precision.
    """

    def __init__(self, model: nn.Module, example: Example) -> None:
        double, example = copy.deepcopy(model).double().eval(), _double(example)
        try:
            self.structure, traced, labels = analysis(double, example)
        except StructureError as error:
            reason = str(error.__cause__ or error).partition("\n")[0].rstrip(".")
            raise StructureError(f"The network cannot be checked in double precision: {reason}.") from error
        self._comparison = Comparison(double, self.structure, traced, labels, example)

    def error(self, kept: Mapping[str, Sequence[int]]) -> float:
        """Return the largest difference between the smaller network and the reference, as a fraction of the answer."""
        return self._comparison.error(kept)

    def choose(self, group: Group, seed: int, keep: int | None = None) -> list[int]:
        """Choose at random which units of a group stay: this many, half of them for ``None``."""
        order = torch.randperm(group.units, generator=torch.Generator().manual_seed(seed))
        return sorted(order[: keep or (group.units + 1) // 2].tolist())


def prove(model: nn.Module, example: Example, seed: int = 0) -> Iterator[Proof]:
    """Remove half of the units of each group, at random, and compare in double precision.

    Args:
        model: the network; it is not changed.
        example: inputs to compare on.
        seed: of the units.

    Yields:
        A proof for each group, the protected ones with their reason.

    Raises:
        StructureError: the network cannot be traced in double precision.
    """
    prover = Prover(model, example)
    for group in prover.structure.groups:
        if group.protected is not None or group.units == 1:
            reason = group.protected or "its only unit always stays"
            yield Proof(group.name, group.units, 0, None, protected=reason)
            continue
        kept = prover.choose(group, seed)
        yield Proof(
            group=group.name,
            units=group.units,
            removed=group.units - len(kept),
            error=prover.error({group.name: kept}),
            graph_only=group.graph_only,
        )


def _double(example: Example) -> Example:
    doubled: Example = pytree.tree_map_only(
        Tensor, lambda tensor: tensor.double() if tensor.is_floating_point() else tensor, example
    )
    return doubled


def _difference(output: Tensor, expected: Tensor) -> float:
    if not expected.numel():
        return 0.0
    scale = float(expected.abs().max()) or 1.0
    difference = float((output.double() - expected.double()).abs().max()) / scale
    return math.inf if math.isnan(difference) else difference
