"""How recurrent operations hold their weights: a cell for each layer and direction."""

from dataclasses import dataclass

from torch import fx

from prunekit.graph.labels import Call

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""How many blocks of rows the weights of a cell have, one for each gate: a hidden unit is a row of each block."""
RECURRENT = frozenset((*GATES, *(f"{name}_cell" for name in GATES)))


@dataclass(frozen=True, slots=True)
class Cell:
    """The weights of one layer in one direction.

    Attributes:
        inputs: ``(gates · hidden, inputs)``: reads the layer before.
        hidden: ``(gates · hidden, hidden)``: reads the cell's own hidden units of the step before.
        biases: one for each of both, or none.
        projection: ``(projected, hidden)``: what is made of the hidden units before anything reads them, or ``None``.
    """

    inputs: fx.Node
    hidden: fx.Node
    biases: tuple[fx.Node, ...] = ()
    projection: fx.Node | None = None

    @property
    def matrices(self) -> tuple[tuple[fx.Node, fx.Node | None], ...]:
        """Every weight with the bias that is added to its product."""
        biases = self.biases or (None, None)
        last = () if self.projection is None else ((self.projection, None),)
        return ((self.inputs, biases[0]), (self.hidden, biases[1]), *last)


def gates(call: Call) -> int:
    """Return how many gates a recurrent operation has."""
    return GATES[call.op.removesuffix("_cell")]


def source(call: Call) -> fx.Node:
    """Return the value that a recurrent operation reads, step by step."""
    value: fx.Node = call.args["data" if "data" in call.args else "input"]
    return value


def states(call: Call) -> list[fx.Node]:
    """Return the values that a recurrent operation starts from."""
    first = call.args["hx"]
    return list(first) if isinstance(first, list | tuple) else [first]


def cells(call: Call) -> list[list[Cell]]:
    """Return the cells of a recurrent operation: for each layer one, or one for each of two directions."""
    if "params" not in call.args:
        biases = tuple(call.args[name] for name in ("b_ih", "b_hh") if call.args.get(name) is not None)
        return [[Cell(call.args["w_ih"], call.args["w_hh"], biases)]]
    params, layers = list(call.args["params"]), call.args["num_layers"]
    directions = 2 if call.args["bidirectional"] else 1
    width = len(params) // (layers * directions)
    every = [_cell(params[start : start + width], call.args["has_biases"]) for start in range(0, len(params), width)]
    return [every[start : start + directions] for start in range(0, len(every), directions)]


def _cell(params: list[fx.Node], has_biases: bool) -> Cell:
    inputs, hidden, *rest = params
    biases, others = (rest[:2], rest[2:]) if has_biases else ([], rest)
    return Cell(inputs, hidden, tuple(biases), others[0] if others else None)
