"""What a bundled task is: one record, with everything that makes, describes and trains it.

Nothing here imports torch before a task is opened, so a screen may list the tasks at once.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.tasks.functions import import_function

if TYPE_CHECKING:
    from torch import nn

    from prunekit.tasks.task import Data, Task

CHECKPOINTS = Path(str(files("prunekit.tasks") / "checkpoints"))


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained: AdamW under one cycle of the learning rate.

    Attributes:
        epochs: passes over the training samples, each freshly drawn.
        lr: highest learning rate.
        batch: samples in one step.
        weight_decay: AdamW's, on every parameter.
        rise: fraction 0–1 of the steps in which the learning rate rises.
        seed: of the initial weights and the order of samples.
    """

    epochs: int
    lr: float = 4e-3
    batch: int = 50
    weight_decay: float = 0.02
    rise: float = 0.3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Bundled:
    """A task that comes with the package; calling it opens it.

    Attributes:
        name: what it is called on the command line.
        title: what it is called on screen.
        network: ``module:function`` that makes the untrained network.
        data: ``module:function`` that makes the samples.
        about: one sentence for its card.
        training: how its checkpoint was trained.
        metric: name of its metric.
    """

    name: str
    title: str
    network: str
    data: str
    about: str
    training: Training
    metric: str = "accuracy"

    def make_network(self) -> "nn.Module":
        """Make the untrained network."""
        network: nn.Module = import_function(self.network)()
        return network

    def make_data(self) -> "Data":
        """Make the samples."""
        data: Data = import_function(self.data)()
        return data

    def card(self) -> dict[str, Any]:
        """Read what was measured when the network was trained; needs no torch."""
        return {"about": self.about, **json.loads((CHECKPOINTS / f"{self.name}.json").read_text())}

    def __call__(self) -> "Task":
        """Open the task with its committed checkpoint."""
        from prunekit.tasks.checkpoint import load_checkpoint
        from prunekit.tasks.task import Task

        model = self.make_network()
        fit = load_checkpoint(model, CHECKPOINTS / f"{self.name}.safetensors", own=True)
        return Task(
            name=self.name,
            title=self.title,
            model=model.eval(),
            factory=self.make_network,
            factory_path=self.network,
            data=self.make_data(),
            metric=self.metric,
            card=self.card(),
            fit=fit,
        )
