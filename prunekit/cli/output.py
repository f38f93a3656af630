"""How a verb answers: JSON or lines of text on standard output, progress on standard error."""

import argparse
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.errors import ExportError

if TYPE_CHECKING:
    from prunekit.records import ExportedFile


def show(options: argparse.Namespace, answer: Any, text: Iterable[str]) -> None:
    """Print an answer as JSON where that was asked for, else as text."""
    print(as_json(answer) if options.json else "\n".join(text))


def as_json(answer: Any) -> str:
    """Write an answer as JSON text."""
    return json.dumps(_finite(answer), indent=2)


def _finite(value: Any) -> Any:
    """Write what is no number (a class without samples, a loss that blew up) as null: JSON has no other word."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_file(path: Path | None) -> None:
    """Refuse a file that cannot be written before anything is measured for it.

    Raises:
        ExportError: says why.
    """
    from prunekit.store.files import check_place

    if path is None:
        return
    if path.is_dir():
        raise ExportError(f"{path} is a folder; name a file to write.")
    try:
        check_place(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def write_json(path: Path, answer: Any) -> None:
    """Write an answer as a JSON file.

    Raises:
        ExportError: it cannot be written.
    """
    from prunekit.store.files import write_aside

    text = as_json(answer) + "\n"
    try:
        write_aside(path, lambda aside: aside.write_text(text))
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ExportError:
    return ExportError(f"{path} cannot be written ({error.strerror or error}); name another file.")


def progress(done: int, total: int, what: str) -> None:
    """Tell a person at a terminal how far a long verb is."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done / total:4.0%}  {done}/{total}  {what:<50.50}", end=end, file=sys.stderr, flush=True)


def files_answer(files: "tuple[ExportedFile, ...]") -> tuple[list[dict[str, Any]], list[str]]:
    """Describe exported files as JSON values and as lines."""
    listed = [{"path": file.path, "bytes": file.bytes, "proof": file.proof.to_json()} for file in files]
    return listed, [f"{file.path}  {file.bytes:,} bytes" for file in files]


def reading_text(answer: dict[str, Any]) -> str:
    """Describe what was measured in one line."""
    bounds = "" if answer["interval"] is None else ", 95 % interval {:.2%} to {:.2%}".format(*answer["interval"])
    of = f"{answer['n']}" if answer["correct"] is None else f"{answer['correct']}/{answer['n']}"
    raw = "" if answer["value_raw"] is None else f"; {answer['value_raw']:.2%} before recalibration"
    return f"{answer['metric']} {answer['value']:.2%}  {of} {answer['split']}{bounds}{raw}"


def evaluation_text(answer: dict[str, Any]) -> list[str]:
    """Describe an evaluation in lines: what was measured, the counts, what a person should know."""
    thop = "not available" if answer["macs_thop"] is None else f"{answer['macs_thop']:,}"
    missing = f" (without {', '.join(answer['macs_thop_missing'])})" if answer["macs_thop_missing"] else ""
    kl = "" if answer["kl"] is None else f"   KL to dense {answer['kl']:.4f}"
    return [
        reading_text(answer),
        f"loss {answer['loss']:.4f}{kl}",
        f"{answer['params']:,} parameters ({answer['nonzero']:,} not zero), {answer['macs']:,} MACs,"
        f" {answer['flops']:,} FLOPs, MACs (thop) {thop}{missing}",
        f"{answer['bytes']:,} bytes, {answer['bytes_gzip']:,} after gzip",
        *([] if answer["cut_error"] is None else ["cut proven exact"]),
        *answer["notes"],
    ]
