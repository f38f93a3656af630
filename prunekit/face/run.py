"""A smaller network in a person's hands, and the runs of a history."""

import copy
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from prunekit import records, verbs
from prunekit.face.work import call
from prunekit.recipe import Recipe
from prunekit.records import Evaluation, ExportedFile
from prunekit.subject.exactness import exactness
from prunekit.subject.subject import resolve

if TYPE_CHECKING:
    from prunekit.face.desk import Desk


class Pruned:
    """The answer to a recipe: the network that really is smaller.

    Attributes:
        recipe: the question, checked.
    """

    def __init__(self, desk: "Desk", recipe: Recipe) -> None:
        self._desk = desk
        self.recipe = recipe

    @cached_property
    def model(self) -> nn.Module:
        """The smaller network: of the dense one's class with its names, on its device and in its modes.

        It is the caller's own to train; nothing measured here changes with it.
        """
        return call(self._made)

    @cached_property
    def evaluation(self) -> Evaluation:
        """What it is worth on the validation split, measured when it is first asked for."""
        return self._desk.evaluate(self.recipe)

    def export(
        self, folder: Path | str, formats: Collection[str] = (), *, progress: bool = True
    ) -> tuple[ExportedFile, ...]:
        """Write the network as files; see ``Desk.export``."""
        return self._desk.export(self.recipe, folder, formats, progress=progress)

    def _made(self) -> nn.Module:
        subject = resolve(self._desk.opened, self.recipe)
        exactness(subject)  # a network that would compute something else is refused here
        own = copy.deepcopy(subject.pruned.model)
        origin = self._desk.origin
        return own if origin is None else origin.give_back(own)

    def __repr__(self) -> str:
        measured = repr(self.evaluation) if "evaluation" in vars(self) else "not measured; ask for its evaluation"
        return f"Pruned {self._desk.opened.task.name}: {measured}"


class Run(Pruned):
    """One node of the history: a recipe with what was measured of it, maybe with weights of its own.

    Attributes:
        recipe: what puts it on the desk again: with itself as the base where it has weights of its own.
        record: what is stored of it.
    """

    def __init__(self, desk: "Desk", record: records.Run) -> None:
        super().__init__(desk, verbs.recipe_of(record))
        self.record = record

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that name it in its workspace."""
        return self.record.id

    def __repr__(self) -> str:
        readings = "; ".join(map(repr, self.record.readings)) or "not measured yet"
        label = f" {self.record.label}" if self.record.label else ""
        cost = self.record.cost
        return f"Run {self.id}{label}: {readings}; {cost.params:,} parameters, {cost.macs:,} MACs"
