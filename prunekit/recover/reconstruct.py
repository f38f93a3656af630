"""Reconstruction: layers that read cut channels are fitted by least squares to their outputs before the cut."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.errors import TaskError
from prunekit.graph.first_input import first_input
from prunekit.graph.labels import Atoms
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.structure import Structure
from prunekit.program.forward import at_rest
from prunekit.records import Fitted, Layer
from prunekit.tasks.task import Split

SAMPLES = 500
BATCH = 50
RIDGE = 1e-2
"""How strongly the fit is pulled towards the old weights, as a share of the inputs' mean square."""

Fit = nn.Conv2d | nn.Linear


class Reconstruction(Iterator[Fitted]):
    """Fits layers one after another, with a record of each; it may stop after any.

    Attributes:
        model: the network with the layers fitted so far.
        layers: names of all that will be fitted, in order.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str], records: Iterator[Fitted]) -> None:
        self.model, self.layers = model, layers
        self._records = records

    def __next__(self) -> Fitted:
        """Fit the next layer."""
        return next(self._records)


def reconstruct(
    dense: nn.Module,
    pruned: nn.Module,
    structure: Structure,
    kept: Mapping[str, Sequence[int]],
    split: Split | None,
    *,
    masked: Sequence[str] = (),
    limit: int = SAMPLES,
) -> Reconstruction:
    """Fit each layer behind a cut to the dense network's outputs, in execution order.

    A layer's inputs are those that the layers before it, which are fitted already, compute from the samples. Its
    targets are the dense layer's outputs of the channels that are left. The new weights come from a ridge regression
    towards those that the layer has.

    Source: He et al., Channel Pruning for Accelerating Very Deep Neural Networks, 2017, arXiv 1707.06168.

    Args:
        dense: the network before the cut; untouched.
        pruned: the network after it; untouched.
        structure: the analysis of the dense network.
        kept: the units kept of each group that was cut.
        split: train samples.
        masked: weights with zeros that have to stay; such layers are left as they are.
        limit: use the first this many.

    Returns:
        An iterator with a record for each layer that was fitted; its ``model`` is a copy.

    Raises:
        TaskError: there are no train samples.
    """
    if split is None or not len(split):
        raise TaskError("Reconstruction needs train data, and this task has none; give it a train split.")
    dense, model = copy.deepcopy(dense), copy.deepcopy(pruned)
    cuts = structure.kept_positions(kept)
    unmasked = [layer for layer in structure.layers if layer.weight not in masked]
    # Layers before the first one that reads a cut channel compute what they did.
    changed = list(dropwhile(lambda layer: 1 - OUTPUT_DIM[layer.op] not in cuts.get(layer.weight, {}), unmasked))
    called = _called(dense, changed, split.inputs[:2]) & _called(model, changed, split.inputs[:2])
    todo = [layer for layer in changed if layer.name in called]
    names = [layer.name for layer in todo]
    return Reconstruction(model, names, _fit_all(dense, model, cuts, todo, split.head(limit)))


def _called(model: nn.Module, layers: Iterable[Layer], samples: Tensor) -> set[str]:
    """Name the layers that can be fitted and are called as modules: fused attention reads its weights without that."""
    called: set[str] = set()
    modules = dict(model.named_modules())

    def note(name: str) -> Any:
        return lambda *_: called.add(name)

    fit = {layer.name: modules[layer.name] for layer in layers if _fits(modules.get(layer.name))}
    handles = [module.register_forward_pre_hook(note(name)) for name, module in fit.items()]
    try:
        with at_rest(model):
            model(samples)
    finally:
        for handle in handles:
            handle.remove()
    return called


def _fit_all(
    dense: nn.Module,
    model: nn.Module,
    cuts: Mapping[str, Mapping[int, Atoms]],
    todo: Sequence[Layer],
    split: Split,
) -> Iterator[Fitted]:
    for done, layer in enumerate(todo, start=1):
        rows = cuts.get(layer.weight, {}).get(OUTPUT_DIM[layer.op])
        target = None if rows is None else torch.from_numpy(rows)
        before, after = _fit(dense, model, layer.name, target, split.inputs)
        yield Fitted(layer.name, done, len(todo), before, after)


def _fits(module: nn.Module | None) -> bool:
    return isinstance(module, nn.Linear) or (
        isinstance(module, nn.Conv2d) and module.groups == 1 and module.padding_mode == "zeros"
    )


def _fit(dense: nn.Module, model: nn.Module, name: str, rows: Tensor | None, samples: Tensor) -> tuple[float, float]:
    """Fit one layer in place; return its relative squared error before and after."""
    module = model.get_submodule(name)
    assert isinstance(module, Fit)
    own = torch.cat([module.weight.detach().flatten(1), _column(module)], 1).double()  # (outputs, inputs + 1)
    size = own.shape[1]
    gram, cross, total = torch.zeros(size, size).double(), torch.zeros(size, len(own)).double(), 0.0
    for batch in torch.split(samples, BATCH):
        inputs = _patches(module, _seen(model, name, batch)[0]).double()
        targets = _seen(dense, name, batch)[1]
        targets = targets if rows is None else targets.index_select(1 if targets.ndim == 4 else -1, rows)
        targets = _vectors(targets).double()
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1).double()], 1)
        gram += inputs.T @ inputs
        cross += inputs.T @ targets
        total += float(targets.square().sum())
    if module.bias is None:  # nothing may be added: the last column stays out
        gram, cross, own = gram[:-1, :-1], cross[:-1], own[:, :-1]
    ridge = RIDGE * gram.diagonal().mean()
    solution = torch.linalg.solve(gram + ridge * torch.eye(len(gram)).double(), cross + ridge * own.T).T
    weight = solution if module.bias is None else solution[:, :-1]
    with torch.no_grad():
        module.weight.copy_(weight.reshape(module.weight.shape))
        if module.bias is not None:
            module.bias.copy_(solution[:, -1])

    def error(matrix: Tensor) -> float:
        squared = total - 2 * (matrix.T * cross).sum() + (matrix @ gram * matrix).sum()
        return float(squared) / max(total, 1e-12)

    return error(own), error(solution)


def _column(module: Fit) -> Tensor:
    return module.weight.new_zeros(len(module.weight), 1) if module.bias is None else module.bias.detach()[:, None]


def _seen(model: nn.Module, name: str, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return a layer's input and output on a batch; the network runs no further than that layer."""
    seen: list[Tensor] = []

    def stop(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], answer: Tensor) -> None:
        seen.extend((first_input(arguments, named), answer))
        raise _Seen

    handle = model.get_submodule(name).register_forward_hook(stop, with_kwargs=True)
    try:
        with at_rest(model):
            model(batch)
    except _Seen:
        pass
    finally:
        handle.remove()
    return seen[0], seen[1]


class _Seen(Exception):
    pass


def _patches(module: Fit, inputs: Tensor) -> Tensor:
    """Lay out what each output position reads: ``(positions, inputs)``."""
    if isinstance(module, nn.Linear):
        return inputs.flatten(0, -2)
    if module.padding == "same":
        inputs = F.pad(inputs, _around(module))
    padding = module.padding if isinstance(module.padding, tuple) else 0
    columns = F.unfold(inputs, module.kernel_size, module.dilation, padding, module.stride)
    return columns.transpose(1, 2).flatten(0, 1)


def _around(module: nn.Conv2d) -> tuple[int, int, int, int]:
    """Return what ``same`` pads left, right, above and below: of an odd number, the larger half comes last."""
    height, width = (d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True))
    return (width // 2, width - width // 2, height // 2, height - height // 2)


def _vectors(answer: Tensor) -> Tensor:
    """Lay out outputs as ``(positions, outputs)``."""
    return answer.flatten(2).transpose(1, 2).flatten(0, 1) if answer.ndim == 4 else answer.flatten(0, -2)
