"""What a forward pass reads of values while it runs, and whether another sample may have another value there."""

from torch import fx

from prunekit.graph.calls import bind, draws, writes
from prunekit.graph.trace import Trace


def fixed_branches(trace: Trace) -> dict[fx.Node, str]:
    """Return the values whose truth is read and is the same for every sample, with the reading operations."""
    fixed = _fixed(trace)
    return {node: operation for node, operation in trace.branches.items() if node in fixed}


def varying_reads(trace: Trace) -> tuple[str, ...]:
    """Return the operations that read a value which is another one for other samples, or for other weights."""
    fixed = _fixed(trace)
    reads = (*trace.numbers.items(), *trace.branches.items())
    varying = {operation for node, operation in reads if node not in fixed}
    return tuple(operation for operation in trace.reads if operation in varying)


def _fixed(trace: Trace) -> set[fx.Node]:
    """Return the values that are computed from buffers alone, such as a causal mask or a size.

    Buffers that the pass writes into or replaces are none of them, nor statistics that follow the samples in training.
    """
    written, fixed = _written(trace), set[fx.Node]()
    for node in trace.graph.nodes:
        if node in written or draws(node):
            continue
        is_computed = node.op == "call_function" and fixed.issuperset(node.all_input_nodes)
        if is_computed or _is_settled(trace, node) or node.op == "get_attr":
            fixed.add(node)
    return fixed


def _is_settled(trace: Trace, node: fx.Node) -> bool:
    name = trace.tensors.get(node)
    if name is None or name in trace.parameters or name in trace.replaced:
        return False
    return not any(call is not None and call.op in ("batch_norm", "instance_norm") for call in map(bind, node.users))


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
