"""Block influence: how far a block turns the direction of the values that pass through it."""

import copy
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.graph.first_input import first_input
from prunekit.graph.removable import NOTHING
from prunekit.program.forward import at_rest
from prunekit.records import Block
from prunekit.tasks.task import Split

SAMPLES = 100


def influence(model: nn.Module, blocks: Iterable[Block], split: Split, limit: int = SAMPLES) -> dict[str, float]:
    """Compute 1 − the mean cosine between each block's input and its output, sample by sample.

    Source: Men et al., ShortGPT: Layers in Large Language Models are More Redundant Than You Expect, 2024,
    arXiv 2403.03853.

    Args:
        model: the network; untouched.
        blocks: blocks that were found in it.
        split: samples.
        limit: use the first this many.

    Returns:
        Block name → influence, from 0 to 2; a block whose values have another shape within is left out.
    """
    twin = copy.deepcopy(model)
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}

    def enters(path: str) -> Any:
        def look(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
            inputs[path] = first_input(arguments, named)

        return look

    def leaves(path: str) -> Any:
        def look(module: nn.Module, arguments: tuple[Any, ...], answer: Any) -> None:
            outputs[path] = answer

        return look

    ends = {block.name: (block.replaced[0][0], *block.replaced[-1]) for block in blocks}
    for first, last, _ in ends.values():
        twin.get_submodule(first).register_forward_pre_hook(enters(first), with_kwargs=True)
        twin.get_submodule(last).register_forward_hook(leaves(last))
    with at_rest(twin):
        twin(split.head(limit).inputs)
        influences = {}
        for name, (first, last, what) in ends.items():
            before, after = inputs[first], outputs[last]
            tensors = isinstance(before, Tensor) and isinstance(after, Tensor)
            if not tensors or before.shape != after.shape:
                continue
            after = before + after if what == NOTHING else after
            influences[name] = 1 - float(F.cosine_similarity(before.flatten(1), after.flatten(1)).mean())
    return influences
