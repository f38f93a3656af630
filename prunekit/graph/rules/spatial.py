"""Pooling and resizing work on positions and leave channels alone."""

from prunekit.graph.labels import POSITION, Call, Dims, Labels, Unsupported

NAMES = """
max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d upsample_nearest2d upsample_bilinear2d upsample_nearest1d
upsample_linear1d
""".split()


def spatial(labels: Labels, call: Call) -> Dims:
    """Keep batch and channels of ``(batch, channels, *positions)``."""
    name = "self" if "self" in call.args else "input"
    dims = labels.dims(call, name)
    positions = {"1d": 1, "2d": 2, "3d": 3}[call.op[-2:]]
    if len(dims) != positions + 2:
        raise Unsupported
    return [*dims[:2], *[POSITION] * positions]


RULES = dict.fromkeys(NAMES, spatial)
