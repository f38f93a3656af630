"""The conditions that numbers are computed under, for the command line and the screen alike."""

import os
import platform

import torch

from prunekit.program.forward import BATCH
from prunekit.records import Conditions


def use_threads() -> None:
    """Let torch use half of the cores, or as many threads as the environment's ``OMP_NUM_THREADS`` says.

    Sums over another number of threads round otherwise, so one place decides for everybody. The page and
    the browser want cores too: torch's threads wait for each other by spinning, so that sharing the last
    core makes small networks ten times slower.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))


def conditions_here() -> Conditions:
    """Return the conditions of whatever is measured in this process now."""
    return Conditions(
        threads=torch.get_num_threads(),
        batch=BATCH,
        seed=0,
        python=platform.python_version(),
        torch=str(torch.__version__),
        cpu=torch.backends.cpu.get_cpu_capability(),
    )
