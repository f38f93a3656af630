"""What a measured number depends on to its last bit, besides the recipe."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions that a run was computed under: only under the same ones does a recipe give the same bits.

    Attributes:
        threads: torch threads.
        batch: samples in one step, of training for a recovered run, else of evaluation.
        seed: of whatever is drawn.
        python: version of Python.
        torch: version and build of PyTorch.
        cpu: the instructions PyTorch's kernels use on this machine, such as ``AVX512``.
    """

    threads: int
    batch: int
    seed: int
    python: str
    torch: str
    cpu: str
