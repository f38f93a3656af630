"""What an export format is: one record, read by the command line, the screen, the export and its proof.

Nothing here imports torch, so that ``--help`` and the screen's shell can name every format at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.registering import Origin

if TYPE_CHECKING:
    from torch import nn

    from prunekit.export.checks import Loaded
    from prunekit.export.measured import Measured
    from prunekit.records import Check
    from prunekit.tasks.task import Task

    Write = Callable[[Measured, Path], None]
    Load = Callable[..., nn.Module]
    Checks = Callable[[Loaded], Iterable[Check]]


def no_checks(loaded: "Loaded") -> "Iterable[Check]":
    """Count nothing of a loaded network: only its outputs and its metric are compared."""
    return ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the files of a format where a network is timed.

    Attributes:
        title: what it is called on screen.
        network: ``(network, task, file to write) → the network as the runtime runs it``.
        packages: modules that running it imports, whose memory is not the network's.
    """

    title: str
    network: "Callable[[nn.Module, Task, Path], nn.Module]"
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that holds a measured network.

    Attributes:
        name: what ``--format`` and the manifest call it.
        title: what it is called on screen.
        caption: one sentence on what the file is.
        suffix: how the file's name ends, after the name of the export, such as ``.pt2``.
        write: ``(measured, path)`` writes the file, and what belongs to it beside it. It raises ``ExportError`` where
            the format cannot hold this network.
        load: ``(path) → network`` in eval mode, as the file's receiver loads it; ``(path, network)`` where the format
            fills a class.
        checks: what is counted of a loaded network besides its outputs and its metric.
        beside: one sentence on the files that ``write`` puts beside it.
        always: whether it is written without being asked for.
        fills_class: whether the file fills the network's own class. Then ``load`` takes a network of that class as
            second argument, or ``None`` where the class is imported by its name.
        differs: whether the file is another network than the one measured, such as one of fewer bits; it is then
            measured and proven as itself.
        made_of: formats that are written first, since this one is made of their files.
        needs_train: whether writing it takes train samples.
        packages: modules that it imports and that PruneKit does without.
        extra: what installs them, as in ``pip install prunekit[extra]``; empty where they are installed by name.
        runtime: what runs its files where a network is timed; ``None`` where nothing does.
        origin: where it comes from; ``None`` for a built-in one.
    """

    name: str
    title: str
    caption: str
    suffix: str
    write: "Write"
    load: "Load"
    checks: "Checks" = no_checks
    beside: str = ""
    always: bool = False
    fills_class: bool = False
    differs: bool = False
    made_of: tuple[str, ...] = ()
    needs_train: bool = False
    packages: tuple[str, ...] = ()
    extra: str = ""
    runtime: Runtime | None = None
    origin: Origin | None = None
