"""Which recipe meets targets with the least damage."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb
from prunekit.cli.output import progress, show, write_json

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``plan``."""
    command = add_task(add_verb(verbs, "plan", _plan, "Find the recipe that meets targets with the least damage."))
    command.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="macs, params or bytes that may be left (0.5 is half, 1000000 a count), or points that may be lost"
        " (accuracy=-1); repeat for several",
    )
    command.add_argument("--kind", choices=["channels", "weights"], default="channels")
    command.add_argument("--out", type=Path, help="write the best recipe as JSON")


def _plan(options: argparse.Namespace) -> int:
    from prunekit import verbs
    from prunekit.records import Candidate, Mode, Point
    from prunekit.search.targets import parse_targets

    asked = parse_targets(options.target)
    opened = verbs.open_task(options.task, options.workspace)
    mode = Mode(options.kind)
    found: list[Candidate] = []
    points, total = 0, verbs.plan_size(opened, mode)
    for record in verbs.plan(opened, asked, mode):
        if isinstance(record, Point):
            points += 1
            progress(points, total, f"scan: {record.name} at {record.level:.0%}")
        elif isinstance(record, Candidate):
            found.append(record)
        else:
            progress(record.done, record.limit, f"search: KL to dense {record.kl:.4f}")
    *candidates, best = found
    if options.out:
        write_json(options.out, best.recipe.to_json())
    answer = {
        "task": opened.task.name,
        "kind": mode.value,
        "targets": asked,
        "candidates": [candidate.to_json() for candidate in candidates],
        "best": best.to_json(),
    }
    show(options, answer, _plan_text(answer))
    return 1 if best.misses else 0


def _plan_text(answer: dict[str, Any]) -> Iterator[str]:
    for candidate in (*answer["candidates"], {**answer["best"], "name": f"best: {answer['best']['name']}"}):
        remark = "; ".join([*candidate["misses"], candidate["note"]]).strip("; ")
        yield (
            f"{candidate['name']:<16} {candidate['metric']} {candidate['value']:.2%}  {candidate['macs']:>12,} MACs"
            f"  {candidate['params']:>10,} parameters ({candidate['nonzero']:,} not zero)  {remark}".rstrip()
        )
