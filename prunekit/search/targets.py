"""Targets: what a plan has to reach."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from prunekit.errors import RecipeError, close_matches
from prunekit.records import Cost, Mode

RESOURCES: dict[Mode, tuple[str, ...]] = {Mode.CHANNELS: ("macs", "params", "bytes"), Mode.WEIGHTS: ("params",)}
"""What each mode lowers; the first is cut where only a loss is given. Zeroed weights lower nothing else."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Constraints that hold all at once.

    Attributes:
        limits: resource → the most that may be left, a count; for weights, ``params`` counts those not zeroed.
        loss: the most of the metric that may be lost, a fraction 0–1; ``None`` where any loss will do.
    """

    limits: Mapping[str, int]
    loss: float | None = None


def parse_targets(texts: Iterable[str]) -> dict[str, float]:
    """Read targets as the command line writes them.

    Raises:
        RecipeError: one is not ``name=number``, or a name comes twice.

    Example:
        >>> parse_targets(["macs=0.5", "accuracy=-1"])
        {'macs': 0.5, 'accuracy': -1.0}
    """
    targets: dict[str, float] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not (name and equals):
            raise RecipeError(f"A target is name=number, such as macs=0.5 or accuracy=-1, not {text!r}.")
        if name in targets:
            raise RecipeError(f"Target {name!r} is given twice; give it once.")
        targets[name] = value
    return targets


def read_targets(targets: Mapping[str, float], dense: Cost, mode: Mode, metric: str = "accuracy") -> Targets:
    """Turn targets into constraints.

    Args:
        targets: resource → what may be left: a fraction of the dense network's up to 1, or a count
            above; the metric → the points (hundredths) that may be lost, negative: -1 is one point.
        dense: counts of the dense network.
        mode: what is cut.
        metric: name of the task's metric.

    Raises:
        RecipeError: no target, an unknown one, one that the mode cannot lower, or a value out of range.
    """
    if not targets:
        raise RecipeError(f"A plan needs a target, such as {RESOURCES[mode][0]}=0.5 or {metric}=-1; none was given.")
    limits: dict[str, int] = {}
    loss: float | None = None
    for name, value in targets.items():
        if name == metric:
            loss = _loss(name, value)
        elif name in RESOURCES[mode]:
            limits[name] = _limit(name, value, int(asdict(dense)[name]))
        elif name in RESOURCES[Mode.CHANNELS]:
            raise RecipeError(f"Zeroed weights do not lower {name}; give params, or plan channels.")
        else:
            raise RecipeError(f"Unknown target {name!r}; {close_matches(name, [*RESOURCES[mode], metric])}")
    return Targets(limits, loss)


def _loss(name: str, value: float) -> float:
    if not -100 <= value <= 0:
        raise RecipeError(f"{name} takes the points that may be lost, negative: {name}=-1 is one point; not {value:g}.")
    return abs(value) / 100


def _limit(name: str, value: float, dense: int) -> int:
    if not 0 < value < float("inf") or (value > 1 and value % 1):
        raise RecipeError(
            f"{name} takes the fraction that is left, above 0 and at most 1, or a whole count above 1; not {value:g}."
        )
    return int(value) if value > 1 else max(1, int(value * dense + 1e-9))
