"""Every run in a row: how it was made, what it is worth, and what it costs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from prunekit.figures.history import reading_of
from prunekit.figures.layout import Row
from prunekit.figures.tradeoff import latency_of
from prunekit.recipe import Recipe
from prunekit.records import Run

KINDS = ("cut", "recovered")


def runs_table(
    runs: Sequence[Run], groups: int, layers: int, metric: str, split: str = "validation", desk: str | None = None
) -> list[Row]:
    """Return one row for each run, the newest first.

    Args:
        runs: the history, oldest first.
        groups: how many groups of channels can be cut, over which the sparsity of channels is averaged.
        layers: how many layers have weights, over which that of weights is.
        metric: name of the task's metric.
        split: the split whose readings are shown.
        desk: the run on the desk.
    """
    return [_row(run, groups, layers, metric, split, run.id == desk) for run in reversed(runs)]


def _row(run: Run, groups: int, layers: int, metric: str, split: str, is_on_desk: bool) -> Row:
    recipe, reading, timed = run.recipe, reading_of(run, split), latency_of(run)
    low, high = reading.interval if reading and reading.interval else (None, None)
    conditions = run.conditions if run.weights else None  # a cut was not trained, so that it has no batches
    return {
        "run": run.id,
        "name": run.label,
        "starred": run.starred,
        "on the desk": is_on_desk,
        "kind": KINDS[run.weights is not None],
        f"{metric}, %": 100 * reading.value if reading else None,
        "low, %": None if low is None else 100 * low,
        "high, %": None if high is None else 100 * high,
        "samples": reading.n if reading else None,
        "parameters": run.cost.params,
        "MACs": run.cost.macs,
        "FLOPs": run.cost.flops,
        "bytes": run.cost.bytes,
        "speed-up": timed.speedup if timed else None,
        "note": run.note,
        "criterion": recipe.criterion,
        "channels cut, mean %": _mean(recipe.channels.values(), groups),
        "weights zeroed, mean %": _mean(map(float, recipe.weights.values()), layers),
        "bits": _bits(recipe),
        "options": "; ".join(_options(recipe)),
        "training batch": conditions.batch if conditions else None,
        "seed": recipe.seed if conditions is None else conditions.seed,
        "base": recipe.base,
        "parent": run.parent,
        "created (UTC)": datetime.fromtimestamp(run.created, UTC).isoformat(" ", "seconds")[:19],
    }


def _mean(shares: Iterable[float], of: int) -> float | None:
    """Return the mean sparsity in percent over all that could be cut, cut or not."""
    return 100 * sum(shares) / of if of else None


def _bits(recipe: Recipe) -> str:
    """Write the bits of the layers that are quantised, and of the activations."""
    if not recipe.bits:
        return ""
    low, high = min(recipe.bits.values()), max(recipe.bits.values())
    weights = f"{low}" if low == high else f"{low} to {high}"
    return f"{weights}, activations {recipe.activation_bits}" if recipe.activation_bits else weights


def _options(recipe: Recipe) -> Iterator[str]:
    """Name what a recipe asks for besides its bars."""
    if recipe.blocks:
        yield f"without {', '.join(recipe.blocks)}"
    if recipe.round_to:
        yield f"rounded to {', '.join(map(str, sorted(set(recipe.round_to.values()))))}"
    if by_hand := sum(map(len, (*recipe.keep.values(), *recipe.drop.values()))):
        yield f"{by_hand} chosen by hand"
    if not recipe.recalibrate:
        yield "not recalibrated"
