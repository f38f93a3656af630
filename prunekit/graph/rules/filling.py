"""Values that are the same number everywhere: whichever positions go, the others are what they were."""

from prunekit.graph.labels import Call, Dims, Labels


def filled(labels: Labels, call: Call) -> Dims:
    """Give every dimension atoms of its own, bound to nothing yet; another value may lend its type only."""
    return labels.filled(call.shape)


RULES = dict.fromkeys("zeros ones full empty new_zeros new_ones new_full new_empty".split(), filled)
