"""Weights that are computed from parameters before they are used."""

from prunekit.graph.labels import Call, Dims, Labels


def weight_norm(labels: Labels, call: Call) -> Dims:
    """Give each filter its own length; every input channel adds to it, so none can go."""
    direction, length = labels.dims(call, "v"), labels.dims(call, "g")
    kept = call.args.get("dim", 0) % len(direction)
    for d, dim in enumerate(direction):
        if d == kept:
            labels.couple(dim, length[d])
        else:
            labels.freeze(dim, "norm over weights")
            labels.freeze(length[d], "norm over weights")
    return direction


RULES = {"_weight_norm": weight_norm}
