"""Export formats of a person's own: registered by a decorator, and found again by the process of the proof."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import RAISED, ExportError
from prunekit.export.formats import FORMATS, Format, no_checks

if TYPE_CHECKING:
    from prunekit.export.formats.format import Checks, Load, Write

BUILT_IN = frozenset(FORMATS)


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
        ExportError: the name or the suffix is no part of a file name, or another format has it.
    """
    if not re.fullmatch(r"[\w-]+", name) or not re.fullmatch(r"[\w-]*(\.\w+)+", suffix):
        raise ExportError(
            f"A format has a name such as 'npz' and a suffix such as '.npz', not {name!r} and {suffix!r}; change that."
        )
    for other in FORMATS.values():
        if other.name == name in BUILT_IN or (other.suffix == suffix and other.name != name):
            raise ExportError(
                f"The format {other.name!r} with the suffix {other.suffix!r} is there already; change that of {name!r}."
            )

    def register(write: "Write") -> "Write":
        FORMATS[name] = Format(
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
        )
        return write

    return register


def sources() -> list[tuple[str, str]]:
    """Return name and file of each module that registered a format and that another process can import."""
    modules = {format.write.__module__ for name, format in FORMATS.items() if name not in BUILT_IN} - {"__main__"}
    files = {module: getattr(sys.modules.get(module), "__file__", None) for module in sorted(modules)}
    return [(module, file) for module, file in files.items() if file]


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
