"""Export formats of a person's own: registered by a decorator, and found again by the process of the proof."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import RAISED, TaskError
from prunekit.export.formats import FORMATS, Format, no_checks
from prunekit.registering import MAIN, origin_of, register

if TYPE_CHECKING:
    from prunekit.export.formats.format import Checks, Load, Write


def export_format(
    name: str,
    *,
    title: str,
    caption: str,
    suffix: str,
    load: "Load",
    checks: "Checks" = no_checks,
    beside: str = "",
    fills_class: bool = False,
    differs: bool = False,
    needs_train: bool = False,
    packages: tuple[str, ...] = (),
) -> "Callable[[Write], Write]":
    """Register an export format of one's own; what is decorated writes it.

    Example::

        @export_format("pt", title="State dict", caption="The tensors as torch.save writes them.", suffix=".pt",
                       load=load)
        def write(measured, path):
            torch.save(measured.model.state_dict(), path)

    Args:
        name: what ``--format`` calls it.
        title: what it is called on screen.
        caption: one sentence on what the file is.
        suffix: how the file's name ends.
        load: ``(path) → network`` in eval mode; ``(path, network)`` where the format fills a class.
        checks: as the attributes that follow, see ``Format``.
        beside: see ``Format``.
        fills_class: see ``Format``.
        differs: see ``Format``.
        needs_train: see ``Format``.
        packages: see ``Format``.

    Returns:
        A decorator that returns the function as it is.

    Raises:
        TaskError: the name or the suffix is no part of a file name, or another format has it.
    """
    if not re.fullmatch(r"[\w-]+", name) or not re.fullmatch(r"[\w-]*(\.\w+)+", suffix):
        raise TaskError(
            f"A format has a name such as 'npz' and a suffix such as '.npz', not {name!r} and {suffix!r}; change that."
        )
    for other in FORMATS.values():
        if other.suffix == suffix and other.name != name:
            raise TaskError(f"The suffix {suffix!r} is that of the format {other.name!r}; choose another for {name!r}.")

    def decorate(write: "Write") -> "Write":
        format = Format(
            name=name,
            title=title,
            caption=caption,
            suffix=suffix,
            write=write,
            load=load,
            checks=checks,
            beside=beside,
            fills_class=fills_class,
            differs=differs,
            needs_train=needs_train,
            packages=packages,
            origin=origin_of(write),
        )
        register("format", FORMATS, format)
        return write

    return decorate


def sources() -> list[tuple[str, str]]:
    """Return name and file of each module that registered a format and that another process can import."""
    own = [(format.write.__module__, format.origin.file) for format in FORMATS.values() if format.origin]
    return sorted({(module, file) for module, file in own if file != MAIN})


def import_again(module: str, file: str) -> None:
    """Import a module that registered formats elsewhere, by its name or else by its file.

    Raises:
        TaskError: its code raises.
    """
    from prunekit.tasks.functions import import_file

    try:
        importlib.import_module(module)
    except RAISED:
        import_file(Path(file))
