"""The proof of every group: random units are removed, and the smaller network is compared with the exact reference."""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.analyze import analysis
from prunekit.graph.record import Example, leaves
from prunekit.graph.reference import reference
from prunekit.graph.shrink import shrink
from prunekit.graph.trace import named_tensors
from prunekit.records import Group, Proof


class Prover:
    """A network in double precision, ready to be cut and compared.

    Args:
        model: the network; it is not changed.
        example: inputs to compare on, ``(batch, …)`` with a batch of at least 2, or all arguments.

    Raises:
        StructureError: the network cannot be traced in double precision.
    """

    def __init__(self, model: nn.Module, example: Example) -> None:
        self._model = copy.deepcopy(model).double().eval()
        self._example: Example = pytree.tree_map_only(Tensor, _double, example)
        try:
            self.structure, self._trace, self._labels = analysis(self._model, self._example)
        except StructureError as error:
            reason = str(error.__cause__ or error).partition("\n")[0].rstrip(".")
            raise StructureError(f"The network cannot be checked in double precision: {reason}.") from error
        self._tensors = dict(named_tensors(self._model))

    def error(self, kept: Mapping[str, Sequence[int]]) -> float:
        """Return the largest difference between the smaller network and the reference, as a fraction of the answer."""
        small = shrink(self._model, self.structure, kept)
        inputs = self._example if isinstance(self._example, tuple) else (self._example,)
        with torch.no_grad():
            outputs = leaves(small(*inputs))
        survives = self.structure.survivors(kept)
        expected = reference(self._trace, self._labels, survives, self._tensors, leaves(self._example))
        if [tensor.shape for tensor in outputs] != [tensor.shape for tensor in expected]:
            return math.inf
        return max(map(_difference, outputs, expected), default=0.0)

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


def _double(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor


def _difference(output: Tensor, expected: Tensor) -> float:
    if not expected.numel():
        return 0.0
    scale = float(expected.abs().max()) or 1.0
    difference = float((output.double() - expected.double()).abs().max()) / scale
    return math.inf if math.isnan(difference) else difference
