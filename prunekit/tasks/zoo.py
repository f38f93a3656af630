"""The bundled tasks: real data, really trained checkpoints, opened in a blink.

Nothing here imports torch before a task is opened, so a screen may list the tasks at once.
"""

import json
from collections.abc import Callable
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
class Bundled:
    """A task that comes with the package; calling it opens it.

    Attributes:
        name: what it is called on the command line.
        title: what it is called on screen.
        network: ``module:function`` that makes the untrained network.
        data: ``module:function`` that makes the samples.
        about: one sentence for its card.
    """

    name: str
    title: str
    network: str
    data: str
    about: str

    def make_network(self) -> "nn.Module":
        """Make the untrained network."""
        return import_function(self.network)()

    def make_data(self) -> "Data":
        """Make the samples."""
        return import_function(self.data)()

    def card(self) -> dict[str, Any]:
        """Read what was measured when the network was trained; needs no torch."""
        return {"about": self.about, **json.loads((CHECKPOINTS / f"{self.name}.json").read_text())}

    def __call__(self) -> "Task":
        """Open the task with its committed checkpoint."""
        from prunekit.tasks.checkpoint import load_checkpoint
        from prunekit.tasks.task import Task

        model = self.make_network()
        load_checkpoint(model, CHECKPOINTS / f"{self.name}.safetensors")
        return Task(
            name=self.name,
            title=self.title,
            model=model.eval(),
            factory=self.make_network,
            factory_path=self.network,
            data=self.make_data(),
            card=self.card(),
        )


_DIGITS, _CLUTTER = "prunekit.tasks.digits:digits", "prunekit.tasks.clutter:clutter"

BUNDLED: dict[str, Bundled] = {
    bundled.name: bundled
    for bundled in (
        Bundled(
            name="resnet8",
            title="ResNet-8 on digits",
            network="prunekit.tasks.resnet:resnet8",
            data=_DIGITS,
            about="A small residual network on plain digits: quick enough to answer while a bar is dragged.",
        ),
    )
}

TASKS: dict[str, Callable[[], "Task"]] = {name: bundled for name, bundled in BUNDLED.items()}


def task_names() -> tuple[str, ...]:
    """Return the names of the bundled tasks, the default first."""
    return tuple(TASKS)
