"""The units of the group in focus, in the order in which a cut takes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prunekit.criteria import criterion_title
from prunekit.records import Mode, UnitScores
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.reading import desk_recipe, measure
from prunekit.ui.state.session import Question, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def _question(opened: "Opened") -> Question | None:
    now, recipe, structure = session(), desk_recipe(opened), opened.structure
    if now.mode is not Mode.CHANNELS or measure(opened).answer is None:
        return None
    can_move = [layer for layer in structure.layers if not structure.group(layer.group).protected]
    layer = next((layer for layer in can_move if now.layer in (layer.name, None)), None)
    if layer is None:
        return None
    about = opened.key, layer.group, recipe.base, recipe.criterion, recipe.seed, recipe.keep, recipe.drop, recipe.blocks

    def work() -> Iterator[UnitScores]:
        from prunekit import verbs

        yield verbs.unit_scores(opened, recipe, layer.group)

    return ask("unit-order", about, work)


def unit_order(opened: "Opened") -> dict[str, Any] | None:
    """Return the scores of the units of the group in focus as plain values, the unit that goes first in front."""
    question = _question(opened)
    scores: UnitScores | None = question.answer if question and question.finished else None
    if scores is None:
        return None
    fates = {
        **dict.fromkeys(scores.keep, "keep"),
        **dict.fromkeys(scores.drop, "drop"),
        **dict.fromkeys(scores.gone, "gone"),
    }
    rank = {"gone": 0, "drop": 1, "": 2, "keep": 3}
    units = sorted(range(len(scores.values)), key=lambda u: (rank[fates.get(u, "")], scores.values[u], u))
    return {
        "key": scores.group,
        "criterion": criterion_title(scores.criterion),
        "units": [{"unit": u, "score": scores.values[u], "mark": fates.get(u, "")} for u in units],
    }


def pending(opened: "Opened") -> bool:
    """Whether scores are on their way."""
    question = _question(opened)
    return question is not None and not question.finished
