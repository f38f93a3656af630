"""Reconstruction: layers behind a cut are fitted by least squares to their outputs before it."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import TaskError
from prunekit.graph.first_input import first_input
from prunekit.graph.labels import Atoms
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.structure import Structure
from prunekit.program.forward import answer
from prunekit.records import Fitted, Layer
from prunekit.recover.ridge import fit
from prunekit.recover.rows import Rows, fits
from prunekit.recover.stepwise import stepwise
from prunekit.tasks.task import Split

SAMPLES = 500
MEMORY = 2**30
"""Bytes that a forward pass over all samples may take, as far as the largest layer tells."""
VALUES = 4
"""How many values of the size of the largest a pass is taken to hold at once."""


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
    seed: int = 0,
) -> Reconstruction:
    """Fit each layer behind a cut to the dense network's outputs, in execution order.

    A layer's inputs are those that the layers before it, which are fitted already, compute from the samples. Its
    targets are the dense layer's outputs of the channels that are left, at a draw of samples and places. The new
    weights come from a ridge regression towards those that the layer has. Each network runs once: a layer is fitted
    when the pass over the smaller network reaches it, and the pass goes on with its new weights.

    Source: He et al., Channel Pruning for Accelerating Very Deep Neural Networks, 2017, arXiv 1707.06168.

    Args:
        dense: the network before the cut; untouched.
        pruned: the network after it; untouched.
        structure: the analysis of the dense network.
        kept: the units kept of each group that was cut.
        split: train samples.
        masked: weights with zeros that have to stay; such layers are left as they are.
        limit: use the first this many, or as many as a forward pass has memory for.
        seed: seed of the draw of places.

    Returns:
        An iterator with a record for each layer that was fitted; its ``model`` is a copy.

    Raises:
        TaskError: there are no train samples.
    """
    if split is None or not len(split):
        raise TaskError("Reconstruction needs train data, and this task has none; give it a train split.")
    dense, model = copy.deepcopy(dense).eval(), copy.deepcopy(pruned).eval()
    cuts = structure.kept_positions(kept)
    unmasked = [layer for layer in structure.layers if layer.weight not in masked]
    # Layers before the first one that reads a cut channel compute what they did.
    changed = list(dropwhile(lambda layer: 1 - OUTPUT_DIM[layer.op] not in cuts.get(layer.weight, {}), unmasked))
    sizes, again = (_sizes(network, changed, split.inputs[:2]) for network in (dense, model))
    todo = [layer for layer in changed if layer.name in sizes and layer.name in again]
    largest = VALUES * max(sizes.values(), default=1)
    inputs = split.inputs[: max(1, min(limit, MEMORY // largest))]
    names = [layer.name for layer in todo]
    rows = {layer.name: _left(layer, cuts) for layer in todo}
    return Reconstruction(model, names, stepwise(lambda report: _fit_all(dense, model, rows, inputs, seed, report)))


def _left(layer: Layer, cuts: Mapping[str, Mapping[int, Atoms]]) -> Tensor | None:
    """Return which outputs a layer has left; ``None`` where all."""
    left = cuts.get(layer.weight, {}).get(OUTPUT_DIM[layer.op])
    return None if left is None else torch.from_numpy(left)


def _fit_all(
    dense: nn.Module,
    model: nn.Module,
    left: Mapping[str, Tensor | None],
    inputs: Tensor,
    seed: int,
    report: Callable[[Fitted], None],
) -> None:
    drawn: dict[str, tuple[Rows, Tensor]] = {}
    done: list[str] = []

    def remember(name: str, module: nn.Module, _: Tensor, answers: Tensor) -> None:
        if name not in drawn:  # of a layer that is called again, the first call counts
            rows = Rows.of(module, answers, seed)
            targets, outputs = rows.outputs(module, answers), left[name]
            drawn[name] = rows, targets if outputs is None else targets[:, outputs]

    def fit_here(name: str, module: nn.Module, values: Tensor) -> None:
        if name not in done:
            done.append(name)
            rows, targets = drawn.pop(name)
            before, after = fit(module, rows.inputs(module, values), targets)
            report(Fitted(name, len(done), len(left), before, after))

    with torch.inference_mode():
        _pass(dense, inputs, left, after=remember)
        _pass(model, inputs, left, before=fit_here)


def _pass(
    network: nn.Module,
    inputs: Tensor,
    names: Iterable[str],
    before: Callable[[str, nn.Module, Tensor], None] | None = None,
    after: Callable[[str, nn.Module, Tensor, Tensor], None] | None = None,
) -> None:
    """Run a network and say what layers are called with before they run, or what they answer after."""

    def enters(name: str) -> Any:
        return lambda module, args, named: before and before(name, module, first_input(args, named))

    def leaves(name: str) -> Any:
        return lambda module, args, named, answers: after and after(name, module, first_input(args, named), answers)

    handles = []
    for name in names:
        module = network.get_submodule(name)
        handles.append(module.register_forward_pre_hook(enters(name), with_kwargs=True))
        handles.append(module.register_forward_hook(leaves(name), with_kwargs=True))
    try:
        answer(network, inputs)
    finally:
        for handle in handles:
            handle.remove()


def _sizes(network: nn.Module, layers: Iterable[Layer], samples: Tensor) -> dict[str, int]:
    """Return the bytes that layers take in and give out for one sample, of those that can be fitted.

    Only modules that are called can be: fused attention reads its weights without that.
    """
    modules = dict(network.named_modules())
    sizes: dict[str, int] = {}

    def note(name: str, module: nn.Module, values: Tensor, answers: Tensor) -> None:
        sizes[name] = max(values.nbytes, answers.nbytes) // len(samples)

    names = [layer.name for layer in layers if fits(modules.get(layer.name))]
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        _pass(network, samples, names, after=note)
    return sizes
