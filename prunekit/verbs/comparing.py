"""Two runs side by side: what they ask for, what they are worth, and what they see differently."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from prunekit.errors import RecipeError
from prunekit.look import thumbnails as drawing
from prunekit.measure.evaluate import logits
from prunekit.objectives import Metric
from prunekit.objectives.intervals import Z95, paired
from prunekit.recipe import Recipe
from prunekit.records import Change, Comparison, Evaluation, Flip, Shift, Thumbnail
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.counting import check
from prunekit.verbs.history import recipe_of
from prunekit.verbs.reading import evaluate

BARS = ("channels", "weights")
AS_TRAINED = 32
"""Bits of a weight that is not quantised."""
SHIFTS = 240
"""Samples that are listed of those whose own figure differs."""


def compare(opened: Opened, a: str | None, b: str | None) -> Iterator[Evaluation | Comparison]:
    """Measure two runs on the validation split and say how they differ.

    Args:
        opened: the task.
        a: a run of these weights; ``None`` is the task's own network.
        b: another one.

    Yields:
        Evaluations of the first on growing numbers of samples, then of the second; last the comparison.

    Raises:
        WorkspaceError: no such run, or its weights are gone.
        RecipeError: a run of other weights.
    """
    recipes = _recipe(opened, a), _recipe(opened, b)
    split = opened.task.data.validation
    evaluations: list[Evaluation] = []
    outputs: list[Tensor] = []
    for recipe in recipes:
        for evaluation in evaluate(opened, recipe):
            yield evaluation
        evaluations.append(evaluation)
        outputs.append(logits(resolve(opened, recipe).pruned.model, split))
    counts = opened.metric.counts
    comparison = Comparison(
        a=a,
        b=b,
        changes=differences(*recipes),
        evaluations=(evaluations[0], evaluations[1]),
        classes=opened.task.data.classes,
        flips=_flips(split.targets, outputs[0].argmax(1), outputs[1].argmax(1)) if split.targets.ndim == 1 else (),
    )
    if counts:
        yield replace(comparison, gain=paired(comparison.broken, comparison.fixed, len(split)))
    elif opened.metric.whole is None:
        yield replace(comparison, **_moved(opened.metric, split.targets, *outputs))
    else:
        yield comparison


def differences(a: Recipe, b: Recipe) -> tuple[Change, ...]:
    """Return what two recipes ask for differently: bars first, then hand-kept units and settings."""
    first, second = ({**recipe.to_json(), "weights": dict(recipe.weights)} for recipe in (a, b))  # patterns compare
    keys = [*BARS, *(key for key in first if key not in BARS)]
    changes: list[Change] = []
    for key in keys:
        if isinstance(first[key], Mapping):
            names = dict.fromkeys([*first[key], *second[key]])
            pairs = [(name, first[key].get(name, _absent(key)), second[key].get(name, _absent(key))) for name in names]
        else:
            pairs = [("", first[key], second[key])]
        changes += [Change(key, name, before, after) for name, before, after in pairs if before != after]
    return tuple(changes)


def _absent(key: str) -> Any:
    return 0.0 if key in BARS else AS_TRAINED if key == "bits" else None


def _recipe(opened: Opened, run_id: str | None) -> Recipe:
    run = None if run_id is None else opened.workspace.run(run_id)
    if run is not None and run.model != opened.digest:
        raise RecipeError(f"Run {run.id} was made from other weights of {run.task!r}; open those first.")
    return check(opened, recipe_of(run))


def _flips(targets: Tensor, a: Tensor, b: Tensor) -> tuple[Flip, ...]:
    changed = (a != b).nonzero()[:, 0].tolist()
    return tuple(Flip(i, int(targets[i]), int(a[i]), int(b[i])) for i in changed)


def _moved(metric: Metric, targets: Tensor, a: Tensor, b: Tensor) -> dict[str, Any]:
    """Say for a metric of averages how sure its difference is, and which samples differ most by themselves."""
    first, second = metric.statistics(a, targets), metric.statistics(b, targets)
    means = first.mean(0), second.mean(0)
    influences = second @ metric.slope(means[1]) - first @ metric.slope(means[0])
    half = Z95 * float(influences.std(correction=0)) / len(influences) ** 0.5
    difference = metric.value(means[1]) - metric.value(means[0])
    alone = [(i, metric.value(x), metric.value(y)) for i, (x, y) in enumerate(zip(first, second, strict=True))]
    moved = sorted((one for one in alone if one[1] != one[2]), key=lambda one: -abs(one[1] - one[2]))
    return {"gain": (difference - half, difference + half), "shifts": tuple(Shift(*one) for one in moved[:SHIFTS])}


def thumbnails(opened: Opened, indices: Sequence[int]) -> tuple[Thumbnail, ...]:
    """Return validation samples as small pictures; none where the task's inputs are no images."""
    return drawing.thumbnails(opened.task.data.validation, indices)
