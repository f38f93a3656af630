"""What a forward pass reads of values while it runs, and whether another sample may have another value there."""

from torch import fx

from prunekit.graph.calls import draws, writes
from prunekit.graph.trace import Trace


def fixed_branches(trace: Trace) -> dict[fx.Node, str]:
    """Return the values whose truth is read and is the same for every sample, with the reading operations.

    They are computed from buffers alone, such as a causal mask, into which the pass writes nothing.
    """
    written, fixed = _written(trace), set[fx.Node]()
    for node in trace.graph.nodes:
        if node in written or draws(node):
            continue
        is_computed = node.op == "call_function" and fixed.issuperset(node.all_input_nodes)
        is_buffer = node in trace.tensors and trace.tensors[node] not in trace.parameters
        if is_computed or is_buffer or node.op == "get_attr":
            fixed.add(node)
    return {node: operation for node, operation in trace.branches.items() if node in fixed}


def varying_reads(trace: Trace) -> tuple[str, ...]:
    """Return the operations that read a value which is another one for other samples, or for other weights."""
    fixed = fixed_branches(trace)
    varying = set(trace.numbers.values()) | {trace.branches[node] for node in trace.branches if node not in fixed}
    return tuple(operation for operation in trace.reads if operation in varying)


def _written(trace: Trace) -> set[fx.Node]:
    """Return the values that the pass writes into, with all that they may be parts of."""
    written = set[fx.Node]()
    for node in trace.graph.nodes:
        if writes(node):
            waiting = [node]
            while waiting:
                value = waiting.pop()
                written.add(value)
                waiting += [source for source in value.all_input_nodes[:1] if source not in written]
    return written
