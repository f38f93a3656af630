"""The exchange between the bars in the browser and the desk: what either side gets from the other."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from prunekit.figures.bands import BANDS
from prunekit.recipe import Recipe
from prunekit.records import Latency, Mode
from prunekit.ui.equalizer import content, equalizer, sent
from prunekit.ui.equalizer.bars import Loss, bars, losses, stages
from prunekit.ui.equalizer.sent import Presses, Sent
from prunekit.ui.equalizer.strip import tiles
from prunekit.ui.state.leaving import leaving
from prunekit.ui.state.reading import base_recipe, dense, desk_recipe, measure, trained_run
from prunekit.ui.state.repaired import repaired
from prunekit.ui.state.rows import Row, desk_rows, moved
from prunekit.ui.state.session import Session, session, shown
from prunekit.ui.state.tabs import open_line
from prunekit.ui.state.unit_order import unit_order
from prunekit.ui.widgets.summary import standing

if TYPE_CHECKING:
    from prunekit.verbs import Opened

KEY = "equalizer"
DEEP = "Too deep to read before repair: {} as cut cannot be told from guessing."


def take(opened: "Opened", state: Sent | None, now: Session) -> bool:
    """Put a state of the bars on a tab's desk, unless the desk has it already or it is of other bars."""
    with now.moving:
        if (
            state is None
            or state.rev <= now.hand.rev
            or state.layout != layout(opened, now.mode, desk_recipe(opened, now))
        ):
            return False
        recipe, base = desk_recipe(opened, now), base_recipe(opened, now)
        movable = {row.cuts: row for row in desk_rows(opened, recipe, now.mode, base) if not row.protected}
        changes = {name: movable[name].sparsity_at(value) for name, value in state.values.items() if name in movable}
        now.recipe = moved(recipe, now.mode, changes)
        now.layer = state.focus or now.layer
        pinned = tuple(name for name in state.pinned if name in movable)
        now.hand = replace(now.hand, rev=state.rev, recipe=now.recipe, is_final=state.is_final, pinned=pinned)
        return True


def reply(opened: "Opened", now: Session) -> dict[str, Any]:
    """Say how a tab's desk stands, in answer to the newest state of its bars."""
    with now.moving:
        question, current, rev = measure(opened, now), standing(opened, now), now.hand.rev
        repair, trained = repaired(opened, now), trained_run(opened, now) if question.finished else None
    return {
        "rev": rev,
        "recipe": current.recipe,
        "n": current.evaluation.reading.n if current.evaluation and current.fresh else 0,
        "exact": current.status == "measured",
        "done": question.finished,
        "repaired": [repair.reading.n if repair.reading else 0, repair.finished],
        "tiles": tiles(current, timed(opened, current.recipe), repair, trained),
        "error": question.error or "",
        "deep": DEEP.format(current.metric) if current.is_chance else "",
    }


def timed(opened: "Opened", recipe: str) -> Latency | None:
    """Return a recipe's latency in PyTorch, where it was timed; of one input on one thread before any other."""
    latencies = opened.workspace.latencies(opened.digest, recipe)
    return next((latency for latency in latencies if latency.runtime == "eager"), None)


def draw(opened: "Opened", on_command: Callable[[str], None]) -> bool:
    """Draw the bars and the readings as the desk has them.

    Args:
        opened: the task.
        on_command: called with ``undo`` or ``redo`` for each press of a key that asks for it.

    Returns:
        Whether the desk's reading is final; otherwise the page runs again once it is.
    """
    now = session()
    take(opened, sent.parse(shown(KEY)), now)  # without a connection the state comes with the page's own
    with now.moving:
        recipe = desk_recipe(opened)
        if recipe != now.hand.recipe:  # something other than the bars has changed the recipe
            now.hand = replace(now.hand, recipe=recipe, version=now.hand.version + 1, is_final=True)

    browser_data = data(opened)
    equalizer(KEY, browser_data, on_command=lambda: follow(sent.parse_presses(shown(KEY)), now, on_command))
    return bool(browser_data["reply"]["done"])


def follow(presses: Presses | None, now: Session, on_command: Callable[[str], None]) -> None:
    """Do what keys ask for, each press once: the browser repeats those that it does not know to be followed."""
    if presses is None:
        return
    with now.moving:  # the browser asks again before the run that it asked first has ended: two of them may be here
        commands = presses.after(*now.pressed)
        for number, name in enumerate(commands, 1):
            on_command(name)  # Streamlit may end the run in here for a newer one: this press then comes again
            now.pressed = presses.hand, presses.count - len(commands) + number


def data(opened: "Opened") -> dict[str, Any]:
    """Gather what the browser needs, as plain values."""
    from prunekit.cut.precision import stored_formula
    from prunekit.subject.subject import resolve

    now, structure = session(), opened.structure
    recipe = desk_recipe(opened)
    shown_rows: tuple[Row, ...] = desk_rows(opened, recipe, now.mode, base_recipe(opened))
    subject = resolve(opened, recipe)
    remaining, without_blocks = subject.remaining, subject.structure
    return {
        "line": open_line(opened, now),
        "layout": layout(opened, now.mode, recipe),
        "mode": now.mode.value,
        "bars": bars(shown_rows, structure, _losses(opened, recipe), recipe.bits, without_blocks),
        "bands": [asdict(band) for band in BANDS[:-1]] + [{**asdict(BANDS[-1]), "upto": None}],
        "leaving": leaving(opened),
        "scores": unit_order(opened),
        "stages": stages(shown_rows),
        "groups": content.groups(structure, remaining, subject.base.allowed, now.mode, without_blocks),
        "terms": content.terms(stored_formula(without_blocks, remaining)),
        "dense": content.counts(structure.cost({})),
        "values": {row.cuts: row.level for row in shown_rows if not row.protected},
        "pinned": list(now.hand.pinned),
        "version": now.hand.version,
        "pressed": dict(zip(("hand", "count"), now.pressed, strict=True)),
        "reply": reply(opened, now),
    }


def _losses(opened: "Opened", recipe: Recipe) -> dict[str, list[Loss]]:
    """Return what is known of the losses of each bar alone; a first look is enough for its bands."""
    from prunekit import verbs
    from prunekit.search.exact import PICTURE

    points = verbs.stored_points(
        opened, session().mode, criterion=recipe.criterion, half_width=verbs.WITHIN, pictures=True
    )
    if not points:
        return {}
    metric = verbs.scanned_metric(opened)
    if metric != opened.metric:  # agreement with the dense network, which is whole with itself
        return losses(points, {points[0].reading.n: 1.0}, metric.higher_is_better)
    known = [dense(opened), dense(opened, PICTURE)]
    before = {evaluation.reading.n: evaluation.reading.value for evaluation in known if evaluation}
    return losses(points, before, metric.higher_is_better)


def layout(opened: "Opened", mode: Mode, recipe: Recipe) -> str:
    """Return a name for the set of bars, by which states of other bars are recognised and ignored."""
    marks = "".join(f" {name}" for name in recipe.blocks) + "".join(f" {k}:{v}" for k, v in recipe.bits.items())
    return f"{opened.key.digest}-{mode.value}{marks}"
