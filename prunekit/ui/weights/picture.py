"""The weights of the selected layer before and after the desk's cut, and the scores of its units."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe
from prunekit.records import LayerWeights, UnitScores
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.session import Question

if TYPE_CHECKING:
    from prunekit.verbs import Opened


@dataclass(frozen=True, slots=True)
class Picture:
    """One layer's weights before and after the cut.

    Attributes:
        weights: their bins, and the line of a cut by magnitude.
        scores: its group's unit scores; ``None`` for a protected group.
    """

    weights: LayerWeights
    scores: UnitScores | None


def picture(opened: "Opened", recipe: Recipe, layer: str) -> Question:
    """Ask for the picture of one layer."""
    return ask("picture", (opened.key, recipe, layer), lambda: _drawn(opened, recipe, layer))


def _drawn(opened: "Opened", recipe: Recipe, layer: str) -> Iterator[Picture]:
    from prunekit import verbs

    group = opened.structure.group(opened.structure.layer(layer).group)
    scores = None if group.protected else verbs.unit_scores(opened, recipe, group.name)
    yield Picture(verbs.layer_weights(opened, recipe, layer), scores)
