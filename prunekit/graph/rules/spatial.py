"""Pooling and resizing work on positions and leave channels alone."""

import re
from typing import Any

from torch import Tensor

from prunekit.graph.labels import POSITION, Call, Dims, Labels, Unsupported

NAMES = """
max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices avg_pool1d
avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
adaptive_max_pool2d adaptive_max_pool3d upsample_nearest1d upsample_nearest2d upsample_nearest3d
_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d
upsample_bicubic2d upsample_trilinear3d _upsample_bilinear2d_aa _upsample_bicubic2d_aa max_unpool2d max_unpool3d
grid_sampler
""".split()


def spatial(labels: Labels, call: Call) -> Any:
    """Keep batch and channels of ``(batch, channels, *positions)``, in every result."""
    dims = labels.dims(call, "self" if "self" in call.args else "input")
    match = re.search(r"(\d)d", call.op)
    if len(dims) != (int(match[1]) + 2 if match else len(call.shape)):
        raise Unsupported
    if call.has("indices"):  # where each value goes back to, channel by channel
        labels.couple(dims[1], labels.dims(call, "indices")[1])
    if call.has("grid"):
        labels.freeze_all(labels.dims(call, "grid"), "places to sample at")
    for dim in dims[2:]:
        labels.freeze(dim, f"{call.op} over channels")
    result: Dims = [*dims[:2], *[POSITION] * (len(dims) - 2)]
    output = call.node.meta["val"]
    return result if isinstance(output, Tensor) else [list(result) for _ in output]


RULES = dict.fromkeys(NAMES, spatial)
