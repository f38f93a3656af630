"""Fine-tuning what a recipe left."""

import argparse
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from prunekit.cli.exporting import write_files
from prunekit.cli.options import add_formats, add_recipe, add_verb, opened_of, recipe_of
from prunekit.cli.output import evaluation_text, progress, show
from prunekit.errors import ExportError
from prunekit.export.formats import check_formats

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.records import Epoch, Fitted, Run
    from prunekit.verbs import Opened


def add(verbs: "Verbs") -> None:
    """Add ``recover``."""
    command = add_recipe(add_verb(verbs, "recover", _recover, "Fine-tune or fit what a recipe left."))
    command.add_argument(
        "--method",
        choices=["finetune", "reconstruct"],
        default="finetune",
        help="train (default), or fit the readers of cut channels by least squares, which needs no training",
    )
    command.add_argument("--epochs", type=int, default=2, help="passes over the train samples")
    command.add_argument("--lr", type=float, help="highest learning rate (default: by optimizer)")
    command.add_argument("--batch", type=int, default=64, help="samples in one step")
    command.add_argument("--optimizer", default="adamw", help="adamw (default) or sgd")
    command.add_argument(
        "--distil",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share (0 to 1) of the loss that is the distance from the dense network (default: 0)",
    )
    command.add_argument("--fit-first", action="store_true", help="begin with a reconstruction by least squares")
    command.add_argument("--rounds", type=int, default=1, help="cut and recover in this many rounds (default: 1)")
    command.add_argument("--seed", type=int, help="of the sample order and of dropout (default: the recipe's)")
    command.add_argument("--out", type=Path, help="folder to export the recovered network to")
    add_formats(command)


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Let the first Ctrl+C only ask to stop; the second interrupts."""
    stop = Event()

    def ask(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("prunekit: stopping; Ctrl+C again ends at once.", file=sys.stderr)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _recover(options: argparse.Namespace) -> int:
    from prunekit import verbs
    from prunekit.records import Epoch, Fitted
    from prunekit.recover.schedule import Schedule

    check_out(options)
    opened = opened_of(options)
    check_formats(options.format)
    recipe = verbs.check(opened, recipe_of(options, opened))
    schedule = Schedule(
        epochs=options.epochs,
        lr=options.lr,
        batch=options.batch,
        optimizer=options.optimizer,
        distil=options.distil,
        fit_first=options.fit_first,
        seed=recipe.seed if options.seed is None else options.seed,
    )
    if options.method == "reconstruct":
        records: Iterator[Epoch | Fitted | Run] = verbs.reconstruct(opened, recipe)
    else:
        records = verbs.recover_in_rounds(opened, recipe, options.rounds, schedule)
    before = opened.workspace.head(opened.key)
    with _stoppable() as stop, closing(cast("Generator[Epoch | Fitted | Run]", records)):
        for record in records:
            if isinstance(record, Epoch):
                progress(record.step, record.steps, f"loss {record.loss:.3f}")
            elif isinstance(record, Fitted):
                progress(record.done, record.total, f"fitted {record.layer}")
            if stop.is_set():
                break  # closed between two records, a training keeps its best network so far, as on the screen
    run = opened.workspace.head(opened.key)
    if run is None or run == before:
        raise KeyboardInterrupt  # there was nothing to keep yet
    stopped = ", the best network until it was stopped" if stop.is_set() else ""
    tell(options, opened, run, stopped, export=bool(options.out) and not stop.is_set())
    return 130 if stop.is_set() else 0


def check_out(options: argparse.Namespace) -> None:
    """Refuse a folder that cannot be exported to, or formats without one, before anything is trained or measured.

    Raises:
        ExportError: says why.
    """
    from prunekit import verbs

    if options.format and not options.out:
        raise ExportError(f"--format {options.format[0]} is for the files of an export; add --out FOLDER.")
    if options.out:
        verbs.check_folder(options.out)


def tell(options: argparse.Namespace, opened: "Opened", run: "Run", remark: str, export: bool) -> None:
    """Print a run that has weights of its own, after it was exported where that was asked for."""
    from prunekit import verbs

    recovered = verbs.recipe_of(run)
    reading = verbs.last(verbs.evaluate(opened, recovered)).to_json()
    answer: dict[str, Any] = {"run": run.id, **reading, "recipe": recovered.to_json()}
    text = [f"run {run.id}{remark}", *evaluation_text(answer)]
    text.append(f'to go on from this run, add "base": "{run.id}" to the recipe; --json prints that recipe whole')
    try:
        if export:
            write_files(options, opened, recovered, answer, text)
    finally:  # the run is stored, whatever becomes of its files
        show(options, answer, text)
