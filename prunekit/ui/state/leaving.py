"""The weights behind each slider, in the order in which it takes them."""

from typing import TYPE_CHECKING, Any

from prunekit.ui.state.jobs import ask
from prunekit.ui.state.reading import desk_recipe, measure
from prunekit.ui.state.session import Question, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prunekit.records import Leaving
    from prunekit.verbs import Opened


def _question(opened: "Opened") -> Question | None:
    """Ask for the histograms, once the first reading stands, which comes before everything else."""
    if measure(opened).answer is None:
        return None
    now, recipe = session(), desk_recipe(opened)
    mode = now.mode
    order = recipe.base, recipe.criterion, recipe.seed, recipe.keep, recipe.drop, recipe.blocks
    cut = None if mode.value == "channels" else recipe.channels

    def work() -> "Iterator[tuple[Leaving, ...]]":
        from itertools import accumulate

        from prunekit import verbs

        return accumulate(((record,) for record in verbs.leaving(opened, recipe, mode)), initial=())

    return ask("leaving", (opened.key, mode, order, cut), work)


def leaving(opened: "Opened") -> dict[str, Any]:
    """Return what is known of the bars' weights, as plain values by the bars' keys."""
    question = _question(opened)
    records = question.answer or () if question else ()
    return {record.name: {"reach": record.reach, "counts": record.counts} for record in records}


def pending(opened: "Opened") -> bool:
    """Whether histograms are on their way."""
    question = _question(opened)
    return question is None or not question.finished
