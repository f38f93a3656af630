"""What the desk's cut is worth after a repair: the layers behind it fitted by least squares, without training."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe
from prunekit.records import Reading
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.reading import base_recipe, desk_recipe, measure
from prunekit.ui.state.session import Session, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


@dataclass(frozen=True, slots=True)
class Repaired:
    """How far the repair of a desk is.

    Attributes:
        reading: the newest reading of the repaired network; ``None`` before the first.
        finished: whether nothing more comes.
        reason: why there is none.
    """

    reading: Reading | None = None
    finished: bool = True
    reason: str = ""


def repaired(opened: "Opened", now: Session | None = None) -> Repaired:
    """Return the repair of the desk, which starts once the desk rests and its own reading is exact.

    The next move of the desk ends it.
    """
    now = now or session()
    with now.moving:
        recipe, question = desk_recipe(opened, now), measure(opened, now)
        about = opened.key, recipe
        reason = _hindrance(opened, now)
        if reason or not now.hand.is_final or not question.finished:
            _leave(now, about)
            waits = not reason and now.hand.is_final
            return Repaired(finished=not waits, reason=reason)
        if question.error:
            return Repaired(reason="the cut itself was refused")
        repair = ask("repaired", about, lambda: _measured(opened, recipe), now=now)
    if repair.error:
        return Repaired(reason=repair.error)
    return Repaired(repair.ticket.snapshot().latest, repair.finished)


def _hindrance(opened: "Opened", now: Session) -> str:
    """Say why nothing can be repaired; empty where something can."""
    recipe, base = desk_recipe(opened, now), base_recipe(opened, now)
    if not _cuts(recipe.channels, base.channels if base else {}) and not (recipe.drop or recipe.blocks):
        return "no channel is cut"
    return "" if opened.task.data.train is not None else "it reads train samples, and this task has none"


def _cuts(channels: Mapping[str, float], before: Mapping[str, float]) -> bool:
    return any(sparsity > before.get(name, 0.0) for name, sparsity in channels.items())


def _leave(now: Session, about: object) -> None:
    """End the repair of a desk that has moved."""
    question = now.questions.get("repaired")
    if question is not None and question.about != about:
        question.ticket.cancel()
        del now.questions["repaired"]


def _measured(opened: "Opened", recipe: Recipe) -> Iterator[Reading | None]:
    from prunekit import verbs

    for step in verbs.repair(opened, recipe):
        yield step if isinstance(step, Reading) else None
