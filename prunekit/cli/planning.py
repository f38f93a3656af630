"""Which recipe meets targets with the least damage."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_recipe, add_verb, opened_of, recipe_of, refuse_unused
from prunekit.cli.output import check_file, progress, show, write_json
from prunekit.errors import RecipeError

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.verbs import Opened


def add(verbs: "Verbs") -> None:
    """Add ``plan``."""
    command = add_recipe(add_verb(verbs, "plan", _plan, "Find the recipe that meets targets with the least damage."))
    command.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="macs, params or bytes that may be left (0.5 is half, 1000000 a count), or points that may be lost"
        " (accuracy=-1); repeat for several",
    )
    command.add_argument(
        "--kind",
        choices=["channels", "weights", "bits"],
        default="channels",
        help="what the plan takes away (default: channels)",
    )
    command.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="NAME",
        help="a group or layer that stays as the recipe has it (without one: whole); repeat for several",
    )
    command.add_argument(
        "--worth",
        type=float,
        metavar="PERCENT",
        help="what could save less than this of every targeted resource stays whole (default: 1)",
    )
    command.add_argument("--out", type=Path, help="write the best recipe as JSON")


def _plan(options: argparse.Namespace) -> int:
    from prunekit import verbs
    from prunekit.records import Candidate, Mode, Outline, Point, Trial
    from prunekit.search.targets import parse_targets

    check_file(options.out)
    targets = parse_targets(options.target)
    if options.kind == "bits":
        refuse_unused(options, ["worth"])
    opened = opened_of(options)
    if options.kind == "bits":
        return _plan_bits(options, opened, targets)
    mode = Mode(options.kind)
    candidates: list[Candidate] = []
    outline, points = None, 0
    worth = 1.0 if options.worth is None else options.worth
    for record in verbs.plan(opened, targets, mode, recipe_of(options, opened), options.pin, worth / 100):
        match record:
            case Outline():
                outline = record
            case Point() if outline:
                points += 1
                progress(points, outline.points, f"scan: {record.name} at {record.level:.0%}")
            case Trial():
                progress(record.done, record.limit, f"search: KL to dense {record.kl:.4f}")
            case Candidate():
                candidates.append(record)
    assert outline is not None
    *candidates, best = candidates
    if options.out:
        write_json(options.out, best.recipe.to_json())
    answer = {
        "task": opened.task.name,
        "kind": mode.value,
        "targets": targets,
        "pinned": list(outline.pinned),
        "spared": list(outline.spared),
        "candidates": [candidate.to_json() for candidate in candidates],
        "best": best.to_json(),
    }
    show(options, answer, _plan_text(answer))
    return 1 if best.misses else 0


def _plan_bits(options: argparse.Namespace, opened: "Opened", targets: dict[str, float]) -> int:
    from prunekit import verbs
    from prunekit.records import Candidate, Point

    if set(targets) != {"bytes"}:
        raise RecipeError("Bits are planned to a byte budget: give --target bytes=0.2 and nothing else.")
    recipe = recipe_of(options, opened, bits_follow=True)
    candidates: list[Candidate] = []
    points = 0
    for record in verbs.plan_bits(opened, targets["bytes"], recipe, pinned=options.pin):
        match record:
            case Point():
                points += 1
                progress(points, points, f"scan: {record.name} at {record.level:.0f} bits")
            case Candidate():
                candidates.append(record)
    *candidates, best = candidates
    if options.out:
        write_json(options.out, best.recipe.to_json())
    answer = {
        "task": opened.task.name,
        "kind": "bits",
        "targets": targets,
        "candidates": [candidate.to_json() for candidate in candidates],
        "best": best.to_json(),
    }
    show(options, answer, _bits_text(answer))
    return 0


def _bits_text(answer: dict[str, Any]) -> Iterator[str]:
    for candidate in (*answer["candidates"], {**answer["best"], "name": f"best: {answer['best']['name']}"}):
        bits = sorted(set(candidate["recipe"]["bits"].values()), reverse=True)
        yield (
            f"{candidate['name']:<16} {candidate['metric']} {candidate['value']:.2%}  {candidate['bytes']:>10,} bytes"
            f"  bits {', '.join(map(str, bits))}"
        )


def _plan_text(answer: dict[str, Any]) -> Iterator[str]:
    if answer["spared"]:
        yield f"not worth pruning, so whole: {', '.join(answer['spared'])}"
    for candidate in (*answer["candidates"], {**answer["best"], "name": f"best: {answer['best']['name']}"}):
        remark = "; ".join([*candidate["misses"], candidate["note"]]).strip("; ")
        yield (
            f"{candidate['name']:<16} {candidate['metric']} {candidate['value']:.2%}  {candidate['macs']:>12,} MACs"
            f"  {candidate['params']:>10,} parameters ({candidate['nonzero']:,} not zero)  {remark}".rstrip()
        )
