"""The bundled tasks: real data, really trained checkpoints, opened in a blink."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from prunekit.tasks.bundled import Bundled, Training

if TYPE_CHECKING:
    from prunekit.tasks.task import Task

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
            training=Training(epochs=30),
        ),
        Bundled(
            name="resnet20",
            title="ResNet-20 on clutter",
            network="prunekit.tasks.resnet:resnet20",
            data=_CLUTTER,
            about="The classic residual network for small images: its additions tie many layers together.",
            training=Training(epochs=60, rise=0.15, weight_decay=0.1),
        ),
        Bundled(
            name="vgg",
            title="VGG on clutter",
            network="prunekit.tasks.vgg:vgg",
            data=_CLUTTER,
            about="Plain convolutions and two fully connected layers behind a flatten: every layer can be cut alone.",
            training=Training(epochs=30, lr=3e-3, rise=0.15, weight_decay=0.1),
        ),
        Bundled(
            name="mobilenet",
            title="MobileNet on clutter",
            network="prunekit.tasks.mobilenet:mobilenet",
            data=_CLUTTER,
            about="Inverted residuals with depthwise convolutions: already thin, so it is harder to cut.",
            training=Training(epochs=60, rise=0.15, weight_decay=0.1),
        ),
        Bundled(
            name="vit",
            title="ViT on clutter",
            network="prunekit.tasks.vit:vit",
            data=_CLUTTER,
            about="A small vision transformer: whole attention heads and hidden features of its blocks can be cut.",
            training=Training(epochs=100, lr=1.5e-3, rise=0.15, weight_decay=0.1),
        ),
        Bundled(
            name="article",
            title="The article's network on digits",
            network="prunekit.tasks.article:article",
            data="prunekit.tasks.digits:colour_digits",
            about="Classification, where the article says detection: eight convolutions at a twentieth of the width.",
            training=Training(epochs=40, lr=2e-3),
        ),
        Bundled(
            name="unet",
            title="U-Net on a crowd of digits",
            network="prunekit.tasks.unet:unet",
            data="prunekit.tasks.crowd:crowd",
            about="Segmentation: which digit a pixel belongs to. Skip connections join what is cut on the way down.",
            training=Training(epochs=45, lr=6e-3, rise=0.15, weight_decay=0.1),
            metric="mean IoU",
        ),
    )
}

TASKS: dict[str, Callable[[], "Task"]] = {**BUNDLED}


def task_names() -> tuple[str, ...]:
    """Return the names of the bundled tasks, the default first."""
    return tuple(TASKS)
