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
        metric: name of its metric.
    """

    name: str
    title: str
    network: str
    data: str
    about: str
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
        fit = load_checkpoint(model, CHECKPOINTS / f"{self.name}.safetensors")
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


_CLUTTER = "prunekit.tasks.clutter:clutter"

BUNDLED: dict[str, Bundled] = {
    bundled.name: bundled
    for bundled in (
        Bundled(
            name="resnet8",
            title="ResNet-8 on digits",
            network="prunekit.tasks.resnet:resnet8",
            data="prunekit.tasks.digits:digits",
            about="A small residual network on plain digits: quick enough to answer while a bar is dragged.",
        ),
        Bundled(
            name="resnet20",
            title="ResNet-20 on clutter",
            network="prunekit.tasks.resnet:resnet20",
            data=_CLUTTER,
            about="The classic residual network for small images: its additions tie many layers together.",
        ),
        Bundled(
            name="vgg",
            title="VGG on clutter",
            network="prunekit.tasks.vgg:vgg",
            data=_CLUTTER,
            about="Plain convolutions and two fully connected layers behind a flatten: every layer can be cut alone.",
        ),
        Bundled(
            name="mobilenet",
            title="MobileNet on clutter",
            network="prunekit.tasks.mobilenet:mobilenet",
            data=_CLUTTER,
            about="Inverted residuals with depthwise convolutions: already thin, so it is harder to cut.",
        ),
        Bundled(
            name="vit",
            title="ViT on clutter",
            network="prunekit.tasks.vit:vit",
            data=_CLUTTER,
            about="A small vision transformer: whole attention heads and hidden features of its blocks can be cut.",
        ),
        Bundled(
            name="article",
            title="The article's network on digits",
            network="prunekit.tasks.article:article",
            data="prunekit.tasks.digits:colour_digits",
            about="Classification, where the article says detection: eight convolutions at a twentieth of the width.",
        ),
        Bundled(
            name="unet",
            title="U-Net on a crowd of digits",
            network="prunekit.tasks.unet:unet",
            data="prunekit.tasks.crowd:crowd",
            about="Segmentation: which digit a pixel belongs to. Skip connections join what is cut on the way down.",
            metric="mean IoU",
        ),
    )
}

TASKS: dict[str, Callable[[], "Task"]] = {**BUNDLED}


def task_names() -> tuple[str, ...]:
    """Return the names of the bundled tasks, the default first."""
    return tuple(TASKS)
