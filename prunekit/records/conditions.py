"""What besides the recipe decides a number to its last bit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what a run was computed: the same recipe gives the same bits under the same conditions only.

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
