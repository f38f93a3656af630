"""How long a network takes, beside the dense one."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

BUSY = 1.3
"""Wall time over CPU time from which a machine counts as busy."""
PLACEMENT = 0.02
"""How much two copies of one network may differ in speed, round after round, by where in memory they lie."""


class Speed(StrEnum):
    """The verdict of a measured latency on a network beside the dense one."""

    FASTER = "faster"
    SLOWER = "slower"
    ALIKE = f"no significant difference beyond {100 * PLACEMENT:.0f} %"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a network takes for one batch, in seconds: the median over rounds and the quartiles around it.

    Attributes:
        wall: what a clock on the wall shows.
        wall_quartiles: a quarter of the rounds was quicker than the first, a quarter slower than the second.
        cpu: what the processor spent, on all threads together.
        cpu_quartiles: the same of ``cpu``.
        memory: most bytes that the process held to load and run the network, beyond what it held before; ``None``
            where the system does not tell.
    """

    wall: float
    wall_quartiles: tuple[float, float]
    cpu: float
    cpu_quartiles: tuple[float, float]
    memory: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Latency:
    """A network's latency, measured in turns with the dense network's.

    Attributes:
        recipe: digest of the recipe that was measured.
        batch: inputs in one forward pass.
        threads: threads a forward pass may use.
        rounds: how many times both networks were timed, one after the other.
        dense: the dense network's times.
        candidate: the recipe's network's times.
        clock: what the speed-up compares: ``cpu`` time for one thread, which neighbours on the
            machine disturb least, else ``wall`` time.
        speedup: median over rounds of dense time ÷ candidate time.
        interval: 95 % interval of ``speedup``.
        runtime: what ran both: ``eager`` PyTorch, or ONNX Runtime; of ``int8`` the dense network is in single
            precision.
    """

    recipe: str
    batch: int
    threads: int
    rounds: int
    dense: Timing
    candidate: Timing
    clock: str
    speedup: float
    interval: tuple[float, float]
    runtime: str = "eager"

    @property
    def verdict(self) -> Speed:
        """The verdict: faster or slower only where the whole interval lies further than ``PLACEMENT`` from 1."""
        low, high = self.interval
        if low > 1 + PLACEMENT:
            return Speed.FASTER
        return Speed.SLOWER if high < 1 - PLACEMENT else Speed.ALIKE

    @property
    def busy(self) -> bool:
        """Whether the machine did other work meanwhile, so that wall times are too long."""
        return any(timing.wall > BUSY * timing.cpu for timing in (self.dense, self.candidate))

    def __repr__(self) -> str:
        return (
            f"{self.verdict}: {self.speedup:.2f} times as fast, 95 % interval {self.interval[0]:.2f} to "
            f"{self.interval[1]:.2f} by {self.clock} time; {1000 * self.dense.wall:.3g} ms dense, "
            f"{1000 * self.candidate.wall:.3g} ms smaller; batch {self.batch}, {self.threads} threads, {self.runtime}, "
            f"{self.rounds} rounds"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the latency as plain JSON values, with the verdict and whether the machine was busy."""
        return {**asdict(self), "verdict": self.verdict.value, "busy": self.busy}
