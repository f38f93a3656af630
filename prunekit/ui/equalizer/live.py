"""The live desk: what the bars in the browser are given, and what is taken over from them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prunekit.recipe import Recipe
from prunekit.records import Latency, Mode
from prunekit.ui.equalizer import content, equalizer, sent
from prunekit.ui.equalizer.sent import Sent
from prunekit.ui.equalizer.strip import past, sparse, tiles
from prunekit.ui.state.reading import base_recipe, desk_recipe, measure
from prunekit.ui.state.rows import Row, moved, rows
from prunekit.ui.state.session import Session, session, shown
from prunekit.ui.state.tabs import open_line
from prunekit.ui.widgets.summary import standing

if TYPE_CHECKING:
    from prunekit.verbs import Opened

KEY = "equalizer"
SPARKS = 40
"""Runs of the way to the desk that a sparkline draws."""


def take(opened: "Opened", found: Sent | None, now: Session) -> bool:
    """Put what a hand has done on a tab's desk, unless it is there already or was done to other bars."""
    with now.moving:
        if (
            found is None
            or found.rev <= now.hand.rev
            or found.layout != layout(opened, now.mode, desk_recipe(opened, now))
        ):
            return False
        recipe, base = desk_recipe(opened, now), base_recipe(opened, now)
        floors = {row.cuts: row.floor for row in rows(opened.structure, recipe, now.mode, base) if not row.protected}
        changes = {name: max(floors[name], value) for name, value in found.values.items() if name in floors}
        now.recipe = moved(recipe, now.mode, changes)
        now.layer = found.focus or now.layer
        pinned = tuple(name for name in found.pinned if name in floors)
        now.hand = replace(now.hand, rev=found.rev, recipe=now.recipe, is_final=found.is_final, pinned=pinned)
        return True


def reply(opened: "Opened", now: Session) -> dict[str, Any]:
    """Say how a tab's desk stands, in answer to the newest state of its bars."""
    with now.moving:
        asked, found, rev = measure(opened, now), standing(opened, now), now.hand.rev
    return {
        "rev": rev,
        "recipe": found.recipe,
        "n": found.evaluation.reading.n if found.evaluation and found.fresh else 0,
        "exact": found.status == "measured",
        "done": asked.finished,
        "tiles": tiles(found, timed(opened, found.recipe)),
        "error": asked.error or "",
    }


def timed(opened: "Opened", recipe: str) -> Latency | None:
    """Return what was timed of a recipe in PyTorch, one input on one thread before any other."""
    found = opened.workspace.latencies(opened.digest, recipe)
    return next((latency for latency in found if latency.runtime == "eager"), None)


def draw(opened: "Opened", on_command: Callable[[str], None]) -> bool:
    """Draw the bars and the readings as the desk has them.

    Args:
        opened: the task.
        on_command: called with ``undo`` or ``redo`` when a key asks for it.

    Returns:
        Whether everything that was asked of the desk's reading stands there; else the page runs again once it does.
    """
    now = session()
    take(opened, sent.parse(shown(KEY)), now)  # where the line was broken, a state comes with the page's own
    with now.moving:
        recipe = desk_recipe(opened)
        if recipe != now.hand.recipe:  # something else moved the bars
            now.hand = replace(now.hand, recipe=recipe, version=now.hand.version + 1, is_final=True)

    def command() -> None:
        wanted = sent.parse_command(shown(KEY))
        # A page that runs again before it has ended is given the same press again.
        if wanted is not None and wanted[1] != now.press:
            now.press = wanted[1]
            on_command(wanted[0])

    given = data(opened)
    equalizer(KEY, given, on_command=command)
    return bool(given["reply"]["done"])


def data(opened: "Opened") -> dict[str, Any]:
    """Gather what the browser needs, as plain values."""
    from prunekit import verbs
    from prunekit.cut.precision import stored_formula
    from prunekit.subject.subject import resolve

    now, structure = session(), opened.structure
    recipe = desk_recipe(opened)
    shown_rows: tuple[Row, ...] = rows(structure, recipe, now.mode, base_recipe(opened))
    # A first look is enough for a shade, which says where the network is sensitive and not how much.
    points = verbs.stored_points(opened, now.mode, criterion=recipe.criterion, half_width=verbs.WITHIN, pictures=True)
    subject = resolve(opened, recipe)
    remaining, left = subject.remaining, subject.structure
    return {
        "line": open_line(opened, now),
        "layout": layout(opened, now.mode, recipe),
        "mode": now.mode.value,
        "bars": content.bars(shown_rows, structure, points, recipe.bits, left),
        "stages": content.stages(shown_rows),
        "groups": content.groups(structure, remaining, subject.base.allowed, now.mode, left),
        "terms": content.terms(stored_formula(left, remaining)),
        "dense": content.counts(structure.cost({})),
        "values": {row.cuts: row.sparsity for row in shown_rows if not row.protected},
        "pinned": list(now.hand.pinned),
        "version": now.hand.version,
        "past": sparse(past(opened.workspace.way(opened.key, SPARKS))),
        "reply": reply(opened, now),
    }


def layout(opened: "Opened", mode: Mode, recipe: Recipe) -> str:
    """Name what the bars stand for; a state sent for other bars is not taken over."""
    marks = "".join(f" {name}" for name in recipe.blocks) + "".join(f" {k}:{v}" for k, v in recipe.bits.items())
    return f"{opened.key.digest}-{mode.value}{marks}"
