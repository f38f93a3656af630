"""Half precision with a second look: the predictions of single precision for little more than half of its time.

Every pass runs in bfloat16. Where the two largest outputs of a sample then lie closer than a threshold, the
sample runs again in single precision. The threshold is a multiple of the largest difference that was ever seen
between the two: on the first batch, and on whatever ran twice since.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunekit.graph.structure import Structure
from prunekit.program.agreement import close
from prunekit.program.cuts import Cut
from prunekit.program.fused import fused
from prunekit.program.operations import NoPlanError, Operations
from prunekit.program.plan import Env, Plan
from prunekit.program.program import Batch, Program, Ready, layers_of, parts_of, suffix_of
from prunekit.program.slicing import Slicer

HALF = torch.bfloat16
MARGIN = 3.0
"""The threshold, as a multiple of the largest difference seen. Two outputs that are each off by that difference can
change places where their gap is up to twice as much; the rest allows for larger differences that were not seen."""
ROUGHLY = 0.05
"""Half precision is refused where it differs by more than this share of the largest output."""


def supported() -> bool:
    """Whether the processor computes in bfloat16; others imitate it, which takes longer than single precision."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(native and torch.ops.mkldnn._is_mkldnn_bf16_supported())


class Half(Program):
    """A program whose passes run in half precision, and again in single precision where that may matter.

    Args:
        model: as all that follow, see ``Program``.
        structure: its analysis.
        example: a few real samples.
        backend: ``half``.
        source: the network's operations.
        refused: which back ends do not run, and why.

    Attributes:
        threshold: samples whose two largest outputs lie closer run again.

    Raises:
        NoPlanError: the processor or the network is not made for it.
    """

    def __init__(
        self,
        model: nn.Module,
        structure: Structure,
        example: Tensor,
        backend: str,
        source: Operations | None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        assert source is not None, "a plan is made of operations"
        if not supported():
            raise NoPlanError("this processor does not compute in bfloat16")
        if source.output.meta["val"].ndim != 2:
            raise NoPlanError("half precision is for networks that choose one class for each sample")
        super().__init__(model, structure, example, backend, source, refused)
        low = replace(source, constants={node: _half(value) for node, value in source.constants.items()})
        steps = [
            replace(step, prepare=_then_half(step.prepare), run=_then_half(step.run)) for step in fused(low, dtype=HALF)
        ]
        self._low = Plan(low, steps, self.state, layers_of(low))
        self._low_slicer = None if self._labels is None else Slicer(self._low, self._labels)
        self.threshold = 0.0

    def dense(self, inputs: Tensor) -> Batch:
        """Run the dense network on a batch in both precisions."""
        batch = super().dense(inputs)
        with torch.inference_mode():
            half = self._low.dense(_half(batch.inputs))
        assert batch.logits is not None
        self._learn(half.values[self._low.source.output], batch.logits)
        return replace(batch, half=half)

    def prefix(self, inputs: Tensor, cuts: Sequence[Ready]) -> Batch:
        """Run the dense network as far as some cuts need, in both precisions."""
        batch = super().prefix(inputs, cuts)
        needs = {node for ready in cuts if ready.half is not None for node in ready.half.schedule.needs}
        with torch.inference_mode():
            return replace(batch, half=self._low.dense(_half(batch.inputs), needs))

    def rows(self, batches: Sequence[Batch], positions: Sequence[int]) -> Batch:
        """Collect samples out of batches, in both precisions."""
        parts = [(batch.half, rows) for batch, rows in parts_of(batches, positions) if batch.half is not None]
        with torch.inference_mode():
            return replace(super().rows(batches, positions), half=self._low.rows(parts))

    def suffix(self, batch: Batch, ready: Ready | Cut) -> Tensor:
        """Run what a cut changes in half precision, then the close calls in single precision."""
        if isinstance(ready, Cut):
            ready = self.ready(ready)
        if ready.half is None or ready.suffix is None or batch.half is None:
            return super().suffix(batch, ready)
        assert isinstance(batch.env, Env)
        assert self._plan is not None
        with torch.inference_mode():
            outputs = self._low.suffix(batch.half, ready.half).float()
            sure = torch.zeros(len(outputs), dtype=torch.bool)
            while len(again := torch.nonzero(~sure & ~(_gaps(outputs) > self.threshold)).flatten()):
                env = self._plan.rows([(batch.env, again)], ready.suffix.schedule.needs)
                exact = self._plan.suffix(env, ready.suffix)
                self._learn(outputs[again], exact)  # a threshold that rises makes close calls of others
                outputs[again], sure[again] = exact, True
        return outputs

    def agrees(self, output: Any, expected: Any) -> bool:
        """Whether an answer has the predictions of the network's own, and few samples had to run again for it."""
        rough = self.threshold > MARGIN * ROUGHLY * float(expected.abs().max())
        return not rough and close(output, expected, ROUGHLY) and torch.equal(output.argmax(1), expected.argmax(1))

    def _planned(self, cut: Cut) -> Ready:
        ready = super()._planned(cut)
        with torch.inference_mode():
            suffix = suffix_of(self._low, self._low_slicer, cut)
        # Operations that name sizes are made anew for smaller shapes.
        return replace(ready, half=replace(suffix, runs=tuple(map(_then_half, suffix.runs))))

    def _learn(self, half: Tensor, exact: Tensor) -> None:
        """Raise the threshold where one more comparison of both precisions shows a larger difference."""
        self.threshold = max(self.threshold, MARGIN * float((half.float() - exact).abs().max()))


def _gaps(outputs: Tensor) -> Tensor:
    """Return how far the largest output of each sample is above the next."""
    top = outputs.topk(min(2, outputs.shape[1]), dim=1).values
    return top[:, 0] - top[:, -1]


def _half(value: Any) -> Any:
    return value.to(HALF) if torch.is_tensor(value) and value.is_floating_point() else value


def _then_half(function: Callable[..., Any]) -> Callable[..., Any]:
    """Put whatever a function makes in half precision."""
    return lambda *args: pytree.tree_map(_half, function(*args))
