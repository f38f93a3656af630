"""The presets: one sparsity, spread over all groups or layers."""

from collections.abc import Collection

import numpy as np

from prunekit.criteria import criterion_named
from prunekit.errors import RecipeError, close_matches
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.search import presets
from prunekit.subject.opening import Opened
from prunekit.subject.scores import scores_by_name
from prunekit.verbs.counting import check
from prunekit.verbs.pins import held
from prunekit.verbs.scanned import known_points

PRESETS = ("uniform", "global", "sensitivity")


def preset(
    opened: Opened,
    name: str,
    sparsity: float,
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
) -> Recipe:
    """Spread one sparsity over what is not pinned.

    Args:
        opened: the task.
        name: ``uniform``, ``global`` (one threshold on all scores) or ``sensitivity`` (equal harm
            by the stored scan).
        sparsity: fraction 0–1; for ``sensitivity`` the MACs (or weights) that uniform would remove.
        mode: what is cut.
        base: the recipe to start from; its other mode, criterion and hand-kept units stay.
        pinned: groups (or layers) whose sparsity in ``base`` stays as it is.

    Raises:
        RecipeError: an unknown preset or name, a sparsity out of range, or ``sensitivity`` without a scan.
    """
    base = check(opened, base or Recipe())
    holds = held(opened, base, mode, pinned)
    if name == "uniform":
        spread = presets.uniform(opened.structure, sparsity, mode, holds)
    elif name == "global":
        scores = {
            part: np.asarray(values, np.float64)
            for part, values in scores_by_name(opened, mode, base).items()
            if part not in holds
        }
        spread = {**presets.global_scores(scores, sparsity, criterion_named(base.criterion).comparable), **holds}
    elif name == "sensitivity":
        points = known_points(opened, mode, base.criterion)
        spread = presets.by_sensitivity(opened.structure, points, sparsity, holds)
    else:
        raise RecipeError(f"Unknown preset {name!r}; {close_matches(name, PRESETS)}")
    return Recipe.from_json({**base.to_json(), mode.value: spread})
