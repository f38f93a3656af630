"""Following the dense network inside: what its layers read on the way to the answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.graph.structure import Structure

Reads = Mapping[str, Tensor | None]
"""Layer → the positions of the dense layer's input channels that are left; ``None`` for all of them."""


def reads_left(model: nn.Module, structure: Structure, kept: Mapping[str, Sequence[int]]) -> dict[str, Tensor | None]:
    """Find the layers whose inputs can be compared with the dense network's, channel by channel.

    The first reads the samples, which no cut changes, and a grouped convolution what another layer reads too.

    Args:
        model: the dense network.
        structure: its analysis, or that of the network without some blocks.
        kept: the units kept of each group that was cut.
    """
    modules, cuts = dict(model.named_modules()), structure.kept_positions(kept)
    rows_of: dict[str, Tensor | None] = {}
    for layer in structure.layers[1:]:
        module = modules.get(layer.name)
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1):
            rows = cuts.get(layer.weight, {}).get(1)
            rows_of[layer.name] = None if rows is None else torch.from_numpy(rows)
    return rows_of


@contextmanager
def heard(model: nn.Module, layers: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """Collect what layers read while a network runs, by name."""
    inputs: dict[str, Tensor] = {}

    def listen(name: str) -> Any:
        def hear(module: nn.Module, arguments: tuple[Any, ...]) -> None:
            if arguments:
                inputs[name] = arguments[0]

        return model.get_submodule(name).register_forward_pre_hook(hear)

    handles = [listen(name) for name in layers]
    try:
        yield inputs
    finally:
        for handle in handles:
            handle.remove()


def distance(own: Mapping[str, Tensor], dense: Mapping[str, Tensor], reads: Reads) -> Tensor:
    """Compute the squared error of what layers read, as a share of the dense one's square, averaged over layers.

    Source: Romero et al., FitNets: Hints for Thin Deep Nets, 2015, arXiv 1412.6550.
    """
    errors = [torch.zeros(())]
    for name, rows in reads.items():
        if name in own and name in dense:
            expected = dense[name]
            if rows is not None:
                expected = expected.index_select(1 if expected.ndim == 4 else -1, rows)
            errors.append((own[name] - expected).square().mean() / expected.square().mean().clamp(min=1e-12))
    return torch.stack(errors).sum() / max(1, len(errors) - 1)
