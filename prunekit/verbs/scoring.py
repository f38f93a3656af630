"""How criteria score the units of a group: which units a recipe keeps, and whether the criteria agree."""

from collections.abc import Iterator

from prunekit.criteria import CRITERIA
from prunekit.criteria import agreement as agreeing
from prunekit.recipe import Recipe
from prunekit.records import Agreement, UnitScores
from prunekit.subject.opening import Opened
from prunekit.subject.scores import scores_of
from prunekit.subject.subject import group_remaining, resolve


def unit_scores(opened: Opened, recipe: Recipe, group: str) -> UnitScores:
    """Score a group's units under a recipe's criterion and say which it keeps."""
    subject = resolve(opened, recipe)
    record = subject.structure.group(group_remaining(subject, group))
    name, units = record.name, range(record.units)
    allowed = subject.base.allowed.get(name, tuple(units))
    return UnitScores(
        group=name,
        criterion=subject.recipe.criterion,
        values=tuple(subject.scores.values[name].tolist()),
        kept=tuple(subject.pruned.kept.get(name, allowed)),
        keep=subject.remaining.keep.get(name, ()),
        drop=subject.remaining.drop.get(name, ()),
        gone=tuple(sorted({*units} - {*allowed})),
    )


def agreement(opened: Opened, recipe: Recipe, group: str) -> Iterator[Agreement]:
    """Compare how the criteria rank a group's units, those that its base still has.

    A criterion that finds nothing to read in the group, or needs train data that the task has not,
    is left out; ``random`` shows what chance looks like.

    Yields:
        One more criterion in each record; those that need gradients, which take a while, come last.
    """
    subject = resolve(opened, recipe)
    record = subject.structure.group(group_remaining(subject, group))
    units = list(subject.base.allowed.get(record.name, range(record.units)))
    checked, values = subject.remaining, {}
    for criterion in sorted(CRITERIA.values(), key=lambda criterion: "gradients" in criterion.needs):
        if criterion.needs and opened.train_split is None:
            continue
        scores = scores_of(subject.opened, checked.base, criterion.name, checked.seed)
        if record.name not in scores.fallen:
            values[criterion.name] = scores.values[record.name][units]
            yield Agreement(record.name, len(units), tuple(values), agreeing.agreement(values))
