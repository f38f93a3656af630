"""Networks of the size and structure that people bring, in plain PyTorch with random weights.

Each has the depth, the widths and the operations of the published one, and code that fixes sizes as its common
implementations do. None is there to be trained: what is measured on them is the analysis.
"""

from tests.graph.battery.case import Case
from tests.published.coat import coat_lite
from tests.published.mobilevit import mobilevit
from tests.published.swin import swin, swin_v2
from tests.published.yolo import yolo_v10

NETWORKS = {
    name: Case(name, factory, ((3, size, size),), 0, "")
    for name, factory, size in (
        ("YOLOv10n", yolo_v10, 640),
        ("SwinV2-T", swin_v2, 256),
        ("Swin-T", swin, 224),
        ("CoaT-lite", coat_lite, 224),
        ("MobileViT-S", mobilevit, 256),
    )
}
"""As cases without a table, with the size of their images."""
