"""The live desk: bars under a hand, and the measured answer that follows them while it moves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prunekit.recipe import Recipe
from prunekit.records import Evaluation, Mode, Point
from prunekit.ui.equalizer import content, equalizer, sent
from prunekit.ui.rows import Row, moved, rows
from prunekit.ui.session import session, shown
from prunekit.ui.text import percent

if TYPE_CHECKING:
    from prunekit.engine import Ticket
    from prunekit.verbs import Opened

KEY = "equalizer"
GLANCE, SETTLE = 0.12, 0.5
"""Seconds a run waits for a first answer while a bar moves, and for the exact one once it was let go."""
STEP = 0.004


def take(opened: "Opened", recipe: Recipe, mode: Mode, base: Recipe | None) -> Recipe:
    """Return the recipe as the browser's newest state leaves it, if there is a newer one."""
    now = session()
    found = sent(shown(KEY))
    if found is None or found.rev <= now.hand.rev or found.layout != layout(opened, mode):
        return recipe
    can_move = {row.cuts: row.floor for row in rows(opened.structure, recipe, mode, base) if not row.protected}
    changes = {name: max(can_move[name], value) for name, value in found.values.items() if name in can_move}
    recipe = moved(recipe, mode, changes)
    pinned = tuple(name for name in found.pinned if name in can_move)
    now.layer = found.focus or now.layer
    now.hand = replace(now.hand, rev=found.rev, recipe=recipe, is_final=found.is_final, pinned=pinned)
    return recipe


def await_answer(opened: "Opened", ticket: "Ticket[Evaluation]", recipe: Recipe) -> None:
    """Wait a moment for an answer worth painting: any news in a drag, the exact one after it."""
    now, samples = session(), len(opened.task.data.validation)
    end = time.monotonic() + (SETTLE if now.hand.is_final else GLANCE)
    while time.monotonic() < end and not ticket.finished:
        latest = ticket.snapshot().latest
        if latest is not None:
            n = latest.reading.n
            if n >= samples if now.hand.is_final else (recipe.digest, n) != now.hand.painted:
                break
        time.sleep(STEP)
    latest = ticket.snapshot().latest
    if latest is not None:
        now.hand = replace(now.hand, painted=(recipe.digest, latest.reading.n))


def draw(
    opened: "Opened",
    recipe: Recipe,
    mode: Mode,
    base: Recipe | None,
    points: Sequence[Point],
    reply: dict[str, object],
    on_command: Callable[[str], None],
) -> None:
    """Draw the bars as a recipe has them.

    Args:
        opened: the task.
        recipe: the desk.
        mode: what the bars remove.
        base: recipe of the run the desk starts from.
        points: the stored scan, for the shades.
        reply: the newest answer, see ``reply_of``.
        on_command: called with ``undo`` or ``redo`` when a key asks for it.
    """
    now = session()
    if recipe != now.hand.recipe:
        now.hand = replace(now.hand, recipe=recipe, version=now.hand.version + 1, is_final=True)

    def command() -> None:
        wanted = (shown(KEY) or {}).get("command")
        if wanted in ("undo", "redo"):
            on_command(wanted)

    equalizer(KEY, data(opened, recipe, mode, base, points, reply), on_command=command)


def data(
    opened: "Opened",
    recipe: Recipe,
    mode: Mode,
    base: Recipe | None,
    points: Sequence[Point],
    reply: dict[str, object],
) -> dict[str, Any]:
    """Gather what the browser needs, as plain values."""
    from prunekit.verbs.networks import base_of

    hand, structure = session().hand, opened.structure
    shown_rows: tuple[Row, ...] = rows(structure, recipe, mode, base)
    return {
        "layout": layout(opened, mode),
        "mode": mode.value,
        "bars": content.bars(shown_rows, structure, points),
        "stages": content.stages(shown_rows),
        "groups": content.groups(structure, recipe, base_of(opened, recipe.base).allowed, mode),
        "terms": content.terms(structure.formula),
        "dense": content.counts(structure.cost({})),
        "values": {row.cuts: row.sparsity for row in shown_rows if not row.protected},
        "pinned": list(hand.pinned),
        "version": hand.version,
        "reply": {"rev": hand.rev, **reply},
    }


def reply_of(evaluation: Evaluation | None, status: str) -> dict[str, object]:
    """Write the newest answer for the line below the bars; ``status`` is the badge of its kind."""
    status = status.partition("[")[2].rstrip("]")
    if evaluation is None:
        return {"text": "…", "status": status}
    reading = evaluation.reading
    of = f" ({reading.correct:,} of {reading.n:,})" if reading.correct is not None else f" ({reading.n:,} samples)"
    return {"text": percent(reading.value) + of, "status": status}


def layout(opened: "Opened", mode: Mode) -> str:
    """Name what the bars stand for; a state sent for other bars is not taken over."""
    return f"{opened.digest}-{mode.value}"
