"""Ways through a network that the example did not take: what they may read stays whole."""

from prunekit.graph.labels import Labels, dims_in
from prunekit.graph.reads import varying_reads
from prunekit.graph.trace import Trace


def protect_other_routes(trace: Trace, labels: Labels) -> None:
    """Freeze the channels that weights on another way may read or add to.

    A forward pass that reads values may run other weights on other samples, such as experts that got no token of the
    example. Nobody saw which values those weights meet, so all channels whose number fits one of their sizes stay.

    Args:
        trace: the record of the way that the example took.
        labels: the channels of its values; those that another way may need are frozen in it.
    """
    unused = [name for node, name in trace.tensors.items() if not node.users and name in trace.parameters]
    if not unused or not varying_reads(trace):
        return
    sizes = {size for name in unused for size in trace.shapes[name]}
    more = f" and {len(unused) - 1} more" if len(unused) > 1 else ""
    reason = f"other samples may need it whole: {unused[0]}{more} did not run, and the forward pass reads a value"
    for node, value in labels.of.items():
        if node.op == "call_function":
            for dim in dims_in(value):
                # A weight reads each channel once, or several positions of each after a flattening.
                if not isinstance(dim, str) and any(size % len(dim) == 0 for size in sizes):
                    labels.freeze(dim, reason)
