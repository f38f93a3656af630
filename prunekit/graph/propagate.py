"""Goes through the graph once and couples channels by the rule of each operation."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx

from prunekit.graph.calls import bind, writes
from prunekit.graph.channels import mark_channels
from prunekit.graph.heads import mark_heads
from prunekit.graph.labels import Atoms, Labels, Unsupported, components
from prunekit.graph.reads import fixed_branches, varying_reads
from prunekit.graph.rules import RULES
from prunekit.graph.statistics import mark_statistics
from prunekit.graph.trace import Trace

INPUT = "network input"
OUTPUT = "network output"
UNUSED = "not used in the forward pass"
UNREAD = "computed, but nothing that is returned reads it"


def propagate(trace: Trace) -> tuple[Labels, dict[str, list[Atoms]]]:
    """Label every value of a trace.

    Returns:
        The labels, and the atoms of every dimension of every parameter and buffer.
    """
    mark_heads(trace.graph)
    mark_channels(trace.graph)
    mark_statistics(trace)
    labels, live = Labels(), live_values(trace)
    tensors: dict[str, list[Atoms]] = {}
    for node in trace.graph.nodes:
        if node.op == "placeholder":
            if node in trace.tensors:
                name = trace.tensors[node]
                labels.of[node] = tensors[name] = [labels.fresh(size) for size in trace.shapes[name]]
                if not node.users:
                    labels.freeze_all(tensors[name], UNUSED)
            else:
                labels.of[node] = _unlabelled(node, INPUT)
        elif node.op == "get_attr":
            labels.of[node] = _unlabelled(node, "a constant of the forward pass")
        elif node.op == "output":
            for value in node.all_input_nodes:
                labels.freeze_all(labels.of.get(value), OUTPUT)
        else:
            before = labels.mark()
            labels.of[node] = _apply(labels, node, is_live=node in live)
            if node not in live:
                labels.forget(before)
    for node, operation in _behind({**trace.numbers, **fixed_branches(trace)}).items():
        labels.freeze_all(labels.of.get(node), f"the forward pass reads numbers that depend on it ({operation})")
    _protect_unread(trace, labels, tensors, live)
    return labels, tensors


def _protect_unread(
    trace: Trace, labels: Labels, tensors: Mapping[str, Sequence[Atoms]], live: Container[fx.Node]
) -> None:
    """Freeze the channels that only layers have of which nothing goes into an output."""
    unread = [name for node, name in trace.tensors.items() if node.users and node not in live]
    if not unread:
        return
    root = components(labels)
    read = [dim for node, name in trace.tensors.items() if node in live for dim in tensors[name]]
    used = root[np.concatenate(read)] if read else root[:0]
    for dim in (dim for name in unread for dim in tensors[name]):
        labels.freeze(dim[~np.isin(root[dim], used)], UNREAD)


def _behind(numbers: Mapping[fx.Node, str]) -> dict[fx.Node, str]:
    """Return every value that numbers were computed from, with the operation that read them."""
    readers, waiting = dict(numbers), list(numbers)
    while waiting:
        node = waiting.pop()
        new = {value: readers[node] for value in _read_by(node) if value not in readers}
        readers |= new
        waiting += new
    return readers


def _read_by(node: fx.Node) -> list[fx.Node]:
    """Return the values that a value is computed from: how many samples have a step, from the lengths alone."""
    call = bind(node)
    if call is not None and call.op == "getitem" and call.args["index"] == 1:
        packing = bind(call.args["self"])
        if packing is not None and packing.op == "_pack_padded_sequence":
            return [packing.args["lengths"]]
    return node.all_input_nodes


def live_values(trace: Trace) -> set[fx.Node]:
    """Return the values that the output depends on; what becomes of the others protects nothing.

    It depends on what numbers were read of, too, but where these are constants they stand in the operations already.
    """
    live = set(trace.numbers) if varying_reads(trace) else set()
    for node in reversed(trace.graph.nodes):
        if node.op == "output" or writes(node) or any(user in live for user in node.users):
            live.add(node)
    return live


def _apply(labels: Labels, node: fx.Node, *, is_live: bool) -> Any:
    call = bind(node)
    assert call is not None
    if call.op == "getitem":
        results = labels.of[call.args["self"]]
        return results[call.args["index"]] if isinstance(results, list) else None
    rule = RULES.get(call.op)
    if rule is not None:
        try:
            return rule(labels, call)
        except (Unsupported, KeyError, IndexError, ValueError, TypeError):
            pass  # an operation in a form that its rule cannot label counts as an unknown operation
    if not node.all_input_nodes and rule is None and call.shape:
        return _unlabelled(node, "a constant of the forward pass")
    name = f"aten.{call.op}"
    if (node.users or writes(node)) and any(labels.of.get(value) for value in node.all_input_nodes):
        if is_live:
            labels.unknown[name] = None
        for value in node.all_input_nodes:
            labels.freeze_all(labels.of.get(value), f"unknown operation {name}")
    return _unlabelled(node, f"unknown operation {name}")


def _unlabelled(node: fx.Node, reason: str) -> Any:
    value = node.meta.get("val")
    if isinstance(value, torch.Tensor):
        return [reason] * value.dim()
    if isinstance(value, list | tuple):
        return [[reason] * item.dim() if isinstance(item, torch.Tensor) else None for item in value]
    return None
