"""What the clock says of a recipe's network."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prunekit.cli.options import add_recipe, add_verb, opened_of, recipe_of
from prunekit.cli.output import show
from prunekit.export.formats import runtimes

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.records import Latency


def add(verbs: "Verbs") -> None:
    """Add ``latency``."""
    text = "Time the network a recipe asks for beside the dense one."
    command = add_recipe(add_verb(verbs, "latency", _latency, text))
    command.add_argument("--batch", type=int, default=1, help="inputs in one forward pass")
    command.add_argument("--threads", type=int, default=1, help="threads a forward pass may use")
    command.add_argument(
        "--runtime",
        choices=list(runtimes()),
        default="eager",
        help=f"{', '.join(f'{name}: {title}' for name, title in runtimes().items())}; int8 beside the dense network in "
        "single precision (default: eager)",
    )


def _latency(options: argparse.Namespace) -> None:
    from prunekit import verbs

    opened = opened_of(options)
    measured = verbs.last(
        verbs.latency(opened, recipe_of(options, opened), options.batch, options.threads, options.runtime)
    )
    show(options, measured.to_json(), _latency_text(measured))


def _latency_text(latency: "Latency") -> Iterator[str]:
    for name, timing in (("dense", latency.dense), ("candidate", latency.candidate)):
        times = (
            f"{kind} {1e3 * median:.3f} ms (quartiles {1e3 * low:.3f} to {1e3 * high:.3f})"
            for kind, median, (low, high) in (
                ("wall", timing.wall, timing.wall_quartiles),
                ("CPU", timing.cpu, timing.cpu_quartiles),
            )
        )
        memory = "not known" if timing.memory is None else f"{timing.memory / 1e6:.1f} MB"
        yield f"{name:<10} {', '.join(times)}, memory at its peak {memory}"
    low, high = latency.interval
    clock = {"cpu": "CPU", "wall": "wall"}[latency.clock]
    beside = " (dense: ONNX Runtime fp32)" if latency.runtime == "int8" else ""
    yield (
        f"{latency.verdict.value}: {latency.speedup:.2f} times as fast by {clock} time, 95 % interval {low:.2f} to"
        f" {high:.2f}, {latency.rounds} rounds, batch {latency.batch}, threads {latency.threads},"
        f" {latency.runtime}{beside}"
    )
    if latency.busy:
        yield "The machine was busy: wall times are too long."
