"""Reductions: the dimensions that are averaged away may not lose positions."""

from typing import Any

from prunekit.graph.calls import shape_of
from prunekit.graph.labels import OF_WEIGHTS, POSITION, STATISTIC, Call, Dims, Labels
from prunekit.graph.rules.elementwise import elementwise


def reduction(labels: Labels, call: Call) -> Dims:
    """Drop the reduced dimensions, or keep them as single positions."""
    dims = labels.dims(call, "self")
    reduced = reduced_axes(call)
    what = "weights" if OF_WEIGHTS in call.node.meta else "channels"
    for axis in reduced:
        channels = dims[axis]
        if STATISTIC not in call.node.meta:
            labels.freeze(channels, f"{call.op} over {what}")
        elif not isinstance(channels, str):
            labels.statistics.append(channels)
    if call.args.get("keepdim"):
        return [POSITION if axis in reduced else dim for axis, dim in enumerate(dims)]
    return [dim for axis, dim in enumerate(dims) if axis not in reduced]


def reduced_axes(call: Call) -> set[int]:
    """Return the dimensions that a reduction takes away."""
    chosen, rank = call.args.get("dim"), len(shape_of(call.args["self"]))
    axes = range(rank) if chosen is None or chosen == [] else [chosen] if isinstance(chosen, int) else chosen
    return {axis % rank for axis in axes}


def extremum(labels: Labels, call: Call) -> Any:
    """Label ``max(dim)``, which returns values and indices, and ``max(other)``."""
    if call.has("other"):
        return elementwise(labels, call)
    if "dim" not in call.args:
        return reduction(labels, call)
    return pair(labels, call)


def pair(labels: Labels, call: Call) -> Any:
    """Label reductions with two results."""
    dims = reduction(labels, call)
    return [dims, list(dims)]


def ranked(labels: Labels, call: Call) -> Any:
    """Order one dimension, or take the first of the order, with the places where they stood."""
    dims = labels.dims(call, "self")
    axis = call.args.get("dim", -1) % len(dims)
    labels.freeze(dims[axis], f"{call.op} over channels")
    dims[axis] = POSITION
    return dims if call.op == "argsort" else [dims, list(dims)]


def softmax(labels: Labels, call: Call) -> Dims:
    """Freeze the dimension that is normalised to sum to one."""
    dims = labels.dims(call, "self")
    labels.freeze(dims[call.args["dim"]], f"{call.op} over channels")
    return dims


RULES = {
    **dict.fromkeys(
        (
            "mean sum nanmean nansum amax amin prod var std argmax argmin any all count_nonzero logsumexp norm "
            "linalg_vector_norm"
        ).split(),
        reduction,
    ),
    **dict.fromkeys(("var_mean", "std_mean", "aminmax"), pair),
    **dict.fromkeys(("sort", "topk", "argsort"), ranked),
    **dict.fromkeys(("max", "min", "median"), extremum),
    **dict.fromkeys(("softmax", "_softmax", "log_softmax", "_log_softmax"), softmax),
}
