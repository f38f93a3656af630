"""What an export writes: the measured network, with the question that it answers."""

import re
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, fx, nn

from prunekit.cut.pruned import Pruned
from prunekit.errors import ExportError
from prunekit.export import reference
from prunekit.export.checkpoint import fresh_network
from prunekit.graph.rewrite import GraphNetwork
from prunekit.graph.structure import Structure
from prunekit.measure.evaluate import logits
from prunekit.quantize.activations import without_rounding
from prunekit.recipe import Recipe
from prunekit.records import Reading
from prunekit.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Measured:
    """A network that was measured.

    Attributes:
        task: the task that was pruned.
        structure: its analysis, for the dense counts.
        recipe: the question.
        pruned: its answer; the network is the one that was measured, also where it was recalibrated or fine-tuned.
        reading: its exact reading on the whole validation split.
    """

    task: Task
    structure: Structure
    recipe: Recipe
    pruned: Pruned
    reading: Reading

    @property
    def model(self) -> nn.Module:
        """The network."""
        return self.pruned.model

    @property
    def name(self) -> str:
        """What the names of its files begin with."""
        return re.sub(r"\W", "_", self.task.name)

    @cached_property
    def answers(self) -> Tensor:
        """Its outputs ``(n, classes, *places)`` on the validation split."""
        return logits(self.model, self.task.data.validation)

    @cached_property
    def rounding(self) -> float:
        """What rounding the inputs of layers does to its outputs, as a root mean square; 0 where none is rounded."""
        if not self.pruned.levels:
            return 0.0
        unrounded = logits(without_rounding(self.model), self.task.data.validation)
        return reference.mean_difference(self.answers, unrounded)

    def check_reading(self) -> None:
        """Refuse a reading of something else.

        Raises:
            ExportError: it is of another recipe, or not of the whole validation split.
        """
        reading, n = self.reading, len(self.task.data.validation)
        if reading.recipe != self.recipe.digest or reading.split != "validation" or reading.n != n:
            raise ExportError(
                f"An export needs this recipe's reading on all {n:,} validation samples, "
                f"not one on {reading.n:,} {reading.split} samples; evaluate it first."
            )

    def check_class(self) -> None:
        """Refuse to fill a class where the network has none, or none that can lose what was cut.

        Raises:
            ExportError: says which of the two.
        """
        if is_program(self.task):
            raise ExportError(
                "There is a program only: the task was opened from one, so there is no class to fill from a checkpoint."
            )
        if isinstance(self.model, GraphNetwork):
            groups = [self.structure.group(name) for name in self.pruned.kept]
            fixed = next(one for one in groups if one.graph_only and len(self.pruned.kept[one.name]) < one.units)
            raise ExportError(
                f"The network's own class cannot lose units of {fixed.name!r} ({fixed.graph_only}), so there are only "
                f"files that need no class."
            )


def is_program(task: Task) -> bool:
    """Return whether a task was opened from an exported program, which has no class of its own."""
    return not task.factory_path and isinstance(task.model, fx.GraphModule)


def own_class(task: Task) -> str:
    """Name the network's class where only the user's own code can make another network of it.

    Returns:
        ``Net of module``; empty where a load snippet makes the network by its factory, or where it is a program.
    """
    if task.factory_path or is_program(task):
        return ""
    return f"{type(task.model).__qualname__} of {type(task.model).__module__}"


def blank_network(task: Task) -> nn.Module | None:
    """Make a dense network of zeros, which a checkpoint fills in its proof.

    Returns:
        A network of the task's class whose tensors are zero; ``None`` where a load snippet makes its own.
    """
    if not own_class(task):
        return None
    network = fresh_network(task)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if isinstance(tensor, Tensor):
                tensor.zero_()
    return network
