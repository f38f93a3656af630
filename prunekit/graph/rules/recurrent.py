"""Recurrent layers: their gates lie in blocks of one tensor that this analysis does not cut."""

from typing import Any

from torch import Tensor

from prunekit.graph.labels import Call, Labels


def recurrent(labels: Labels, call: Call) -> Any:
    """Protect what a recurrent layer reads; its outputs have no channels to cut."""
    reason = f"read by a recurrent layer ({call.op})"
    for node in call.node.all_input_nodes:
        labels.freeze_all(labels.of.get(node), reason)
    output = call.node.meta["val"]
    if isinstance(output, Tensor):
        return [reason] * output.dim()
    return [[reason] * value.dim() for value in output]


RULES = dict.fromkeys(
    ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), recurrent
)
