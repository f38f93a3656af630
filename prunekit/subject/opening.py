"""Opening a task: its network, its structure and the workspace that remembers it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from prunekit.errors import listed
from prunekit.graph import Structure, structure_of
from prunekit.objectives import Metric, metric_named
from prunekit.records import Conditions, TaskKey
from prunekit.registering import identity
from prunekit.store import Workspace, workspace_folder
from prunekit.subject.conditions import conditions_here, use_threads
from prunekit.subject.remembered import Memory
from prunekit.tasks import opening, own_code
from prunekit.tasks.checkpoint import digest, load_checkpoint
from prunekit.tasks.settings import Settings
from prunekit.tasks.task import Split, Task


@dataclass(frozen=True, eq=False)
class Opened:
    """A task on the desk.

    Attributes:
        task: the trained network with its data.
        structure: what can be cut and what it costs.
        digest: sixteen hexadecimal digits that name the network's weights.
        workspace: where its history, scans and exports live.
        conditions: what its numbers are computed under.
        whole: the task that it was, where blocks were removed.
        replaced: module path → what stands in for it since a block was removed.
        memory: what was worked out of it.
    """

    task: Task
    structure: Structure
    digest: str
    workspace: Workspace
    conditions: Conditions = field(default_factory=conditions_here)
    whole: "Opened | None" = None
    replaced: tuple[tuple[str, str], ...] = ()
    memory: Memory = field(default_factory=Memory, init=False, repr=False)

    @cached_property
    def metric(self) -> Metric:
        """What the task calls good."""
        return _metric_of(self.task)

    @cached_property
    def train_split(self) -> Split | None:
        """The samples that calibration and gradients use, drawn once; ``None`` without train data."""
        return self.task.data.train(0) if self.task.data.train else None

    @cached_property
    def key(self) -> TaskKey:
        """What everything goes by that is remembered of this task."""
        return TaskKey(self.task.name, self.digest, self.data_digest)

    @cached_property
    def data_digest(self) -> str:
        """Sixteen hexadecimal digits that name the metric and the samples it is measured, calibrated and scored on."""
        own = self.task.own_metric
        content = hashlib.sha256(f"{self.metric.name} {own is None}".encode())
        if own is not None:
            content.update(f"{identity(own)} {own.higher_is_better}".encode())
        for split in (self.task.data.validation, self.train_split):
            _add(content, split)
        return content.hexdigest()[:16]

    @cached_property
    def test_digest(self) -> str:
        """Sixteen hexadecimal digits that name the test samples, which nothing but an export reads."""
        content = hashlib.sha256()
        _add(content, self.task.data.test)
        return content.hexdigest()[:16]


def open_task(
    name: str,
    workspace: Path | str | None = None,
    checkpoint: bytes | None = None,
    strict: bool = True,
    flags: Settings | None = None,
    use: Iterable[Path | str] = (),
) -> Opened:
    """Open a bundled task, or one's own by its project file.

    Args:
        name: a bundled task, or the path of a ``prunekit.toml`` or a ``.pt2`` file.
        workspace: the folder that remembers; the environment's ``PRUNEKIT_WORKSPACE``, or
            ``.prunekit`` here, for ``None``.
        checkpoint: the content of a weights file to use instead of the task's own.
        strict: refuse a checkpoint that does not have exactly the network's tensors; else what does not fit is left
            out, and those tensors stay the task's own.
        flags: settings that go over those of a project file, or stand for one; they come from whoever started this
            process, never from a browser.
        use: files that register criteria, metrics and export formats of one's own, besides those that the
            environment's ``PRUNEKIT_USE`` names; they run, so they come from whoever started this process, too.

    Raises:
        TaskError: no such task or metric, or an unusable project or checkpoint.
        StructureError: the network cannot be traced.
    """
    use_threads()
    own_code.use([*own_code.used_everywhere(), *use])
    task = opening.open_task(name, flags)
    if checkpoint is not None:
        task = replace(task, fit=load_checkpoint(task.model, checkpoint, strict=strict))
    return opened_of(task, workspace)


def opened_of(task: Task, workspace: Path | str | None = None) -> Opened:
    """Analyse a task and put it on the desk.

    Args:
        task: the trained network with its data.
        workspace: the folder that remembers, as of ``open_task``.

    Raises:
        TaskError: no such metric.
        StructureError: the network cannot be traced.
    """
    use_threads()
    _metric_of(task)  # a name that nobody knows is said before the analysis, not after it
    folder = Workspace(workspace_folder(workspace))
    structure = structure_of(task.model, task.example)
    if task.folded:
        structure = replace(structure, notes=(*structure.notes, _folded(task.folded)))
    return Opened(task, structure, digest(task.model), folder)


def _folded(names: tuple[str, ...]) -> str:
    return (
        f"The network's class computes {listed(names)} in each pass (masks, weight or spectral norm, a "
        "parametrization): the value was worked out once, and is what is scored, cut and exported."
    )


def _add(content: "hashlib._Hash", split: Split | None) -> None:
    for tensor in () if split is None else (split.inputs, split.targets):
        content.update(tensor.contiguous().numpy().data)


def _metric_of(task: Task) -> Metric:
    return task.own_metric or metric_named(task.metric)
