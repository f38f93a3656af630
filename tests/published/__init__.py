"""Networks of the size and structure that people bring, in plain PyTorch with random weights.

Each has the depth, the widths and the operations of the published one, and code that fixes sizes as its common
implementations do. None is there to be trained: what is measured on them is the analysis.
"""

from collections.abc import Callable

from torch import nn

from tests.published.coat import coat_lite
from tests.published.mobilevit import mobilevit
from tests.published.swin import swin, swin_v2
from tests.published.yolo import yolo_v10

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "YOLOv10n": (yolo_v10, (2, 3, 640, 640)),
    "SwinV2-T": (swin_v2, (2, 3, 256, 256)),
    "Swin-T": (swin, (2, 3, 224, 224)),
    "CoaT-lite": (coat_lite, (2, 3, 224, 224)),
    "MobileViT-S": (mobilevit, (2, 3, 256, 256)),
}
"""How each is made, and the shape of its input."""
