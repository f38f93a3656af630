"""Finds normalisations that are written out by hand, whose statistics are those of the channels that stay.

`nn.RMSNorm` and `nn.LayerNorm` take means over the channels that there are, also after a cut. Code that spells them
out (``x * rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)``) means the same. What makes it a normalisation is where the
mean goes: it is subtracted from the very channels that it was taken of, or their root mean square divides them. A mean
that goes anywhere else too, such as into a gate, is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import fx

from prunekit.graph.calls import bind, rank, shape_of
from prunekit.graph.labels import OF_WEIGHTS, STATISTIC, Call
from prunekit.graph.rules.reduction import reduced_axes
from prunekit.graph.trace import Trace

MEAN, POWER, SPREAD, INVERSE, PAIR = "mean", "mean of squares", "root of such a mean", "inverse of such a root", "both"
COPIES = frozenset("to _to_copy type_as clone contiguous detach alias expand expand_as lift_fresh_copy".split())
"""Operations that change no number but its precision."""
SHIFTS = frozenset("add clamp clamp_min maximum".split())
"""What keeps a root away from zero."""
REDUCTIONS = frozenset("mean sum var std var_mean linalg_vector_norm".split())
SAME = {"multiply": "mul", "divide": "div", "subtract": "sub"}
ROOTS = {
    ("sqrt", None): (POWER, SPREAD),
    ("rsqrt", None): (POWER, INVERSE),
    ("reciprocal", None): (SPREAD, INVERSE),
    ("square", None): (MEAN, POWER),
    ("pow", 0.5): (POWER, SPREAD),
    ("pow", -0.5): (POWER, INVERSE),
    ("pow", -1): (SPREAD, INVERSE),
    ("pow", 2): (MEAN, POWER),
}
"""What an operation, with its exponent, makes of a statistic of one kind."""
RETURNS = {("sub", MEAN), ("mul", INVERSE), ("div", SPREAD)}
"""How a statistic goes back onto its channels."""


@dataclass(frozen=True, slots=True)
class _Statistic:
    """What a value says of the channels of another one.

    Attributes:
        kind: one of those above.
        base: the value whose channels it was taken of.
        axis: the dimension that the next ``unsqueeze`` has to put back; ``None`` where it is there.
        taken: the reductions that it was computed by.
    """

    kind: str
    base: fx.Node
    axis: int | None
    taken: frozenset[fx.Node]


def mark_statistics(trace: Trace) -> None:
    """Note on each reduction that it is a statistic, where it only normalises the channels that it was taken of.

    On those of weights that they are.
    """
    finder = _Finder()
    for node in trace.graph.nodes:
        if node.op == "placeholder" and node not in trace.tensors:
            finder.activations.add(node)
        elif node.all_input_nodes:
            finder.visit(node)
    for node in finder.returned - finder.elsewhere:
        node.meta[STATISTIC] = True


class _Finder:
    """Follows statistics through the graph, in execution order.

    Attributes:
        activations: the values that depend on the network's input; what is taken of weights is no normalisation.
        returned: the reductions that went back onto their channels.
        elsewhere: those that went, or may go, anywhere else.
    """

    def __init__(self) -> None:
        self.activations = set[fx.Node]()
        self.returned, self.elsewhere = set[fx.Node](), set[fx.Node]()
        self._statistics: dict[fx.Node, _Statistic] = {}
        self._bases: dict[fx.Node, fx.Node] = {}
        self._squares: dict[fx.Node, fx.Node] = {}

    def visit(self, node: fx.Node) -> None:
        """Take in one operation."""
        if any(value in self.activations for value in node.all_input_nodes):
            self.activations.add(node)
        call = bind(node)
        inputs = {value: self._statistics[value] for value in node.all_input_nodes if value in self._statistics}
        if call is None:
            self._leave(inputs)
        elif not inputs:
            self._compute(call)
        elif (statistic := self._next(call, inputs)) is not None:
            self._statistics[node] = statistic
        elif not self._goes_back(call, inputs):
            self._leave(inputs)

    def _leave(self, inputs: Mapping[fx.Node, _Statistic]) -> None:
        for statistic in inputs.values():
            self.elsewhere |= statistic.taken

    def _base(self, node: fx.Node) -> fx.Node:
        """Return the value with the same channels that stands before copies, shifts by a mean and scales."""
        return self._bases.get(node, node)

    def _compute(self, call: Call) -> None:
        """Follow an operation on channels, or begin with a reduction of them."""
        op, source = _name(call), call.node.all_input_nodes[0]
        varying = self._varying(call)
        if op in REDUCTIONS and not varying:
            call.node.meta[OF_WEIGHTS] = True
        elif op in REDUCTIONS:
            statistic = self._taken(call, source)
            if statistic is not None:
                self._statistics[call.node] = statistic
        elif op == "square" or (op == "pow" and call.args["exponent"] == 2) or _is_product_with_itself(call):
            self._squares[call.node] = self._base(source)
        elif op in COPIES and source in self._squares:
            self._squares[call.node] = self._squares[source]
        elif len(varying) == 1 and shape_of(varying[0]) == call.shape and _scales(call, varying[0]):
            self._bases[call.node] = self._base(varying[0])

    def _varying(self, call: Call) -> list[fx.Node]:
        return [value for value in call.node.all_input_nodes if value in self.activations]

    def _taken(self, call: Call, source: fx.Node) -> _Statistic | None:
        """Return what a reduction says of its channels, where a normalisation could want that."""
        axes = reduced_axes(call)
        axis = None if call.args.get("keepdim") else next(iter(axes))
        if axis is not None and len(axes) > 1:
            return None
        kind, base = None, self._base(source)
        if call.op in ("mean", "sum") and source in self._squares:
            kind, base = POWER, self._squares[source]
        elif call.op == "mean":
            kind = MEAN
        elif call.op in ("var", "std", "var_mean") and _is_biased(call):
            kind = {"var": POWER, "std": SPREAD, "var_mean": PAIR}[call.op]
        elif call.op == "linalg_vector_norm" and call.args.get("ord", 2) == 2:
            kind = SPREAD
        return None if kind is None else _Statistic(kind, base, axis, frozenset([call.node]))

    def _next(self, call: Call, inputs: Mapping[fx.Node, _Statistic]) -> _Statistic | None:
        """Return what an operation makes of statistics; ``None`` where it is none any more."""
        op, (first, *others) = _name(call), inputs.values()
        if op == "getitem" and first.kind == PAIR:
            return replace(first, kind=(POWER, MEAN)[call.args["index"]])
        if op == "expand_as" and call.args["self"] in inputs:
            return first
        if len(self._varying(call)) > len(inputs):
            return None
        if others:
            is_variance = op == "sub" and len(others) == 1 and {first.kind, others[0].kind} == {POWER}
            same = is_variance and others[0].base is first.base
            return replace(first, taken=first.taken | others[0].taken) if same else None
        if op == "unsqueeze":
            return replace(first, axis=None) if call.args["dim"] % rank(call.node) == first.axis else None
        if _is_product_with_itself(call):
            return replace(first, kind=POWER) if first.kind == MEAN else None
        before, after = ROOTS.get((op, call.args.get("exponent")), ("", ""))
        if before:
            return replace(first, kind=after) if first.kind == before else None
        is_kept = op in COPIES or op in SHIFTS or op == "mul" or (op == "div" and call.args["self"] in inputs)
        return first if is_kept else None

    def _goes_back(self, call: Call, inputs: Mapping[fx.Node, _Statistic]) -> bool:
        """Whether an operation puts a statistic back onto its own channels."""
        op, a, b = _name(call), call.args.get("self"), call.args.get("other")
        if op == "mul" and a in inputs:
            a, b = b, a
        statistic = inputs.get(b)  # type: ignore[arg-type]
        if statistic is None or not isinstance(a, fx.Node) or (op, statistic.kind) not in RETURNS:
            return False
        if self._base(a) is not statistic.base or statistic.axis is not None or shape_of(a) != call.shape:
            return False
        if op == "sub":
            self._bases[call.node] = statistic.base
        self.returned |= statistic.taken
        return a not in inputs


def _name(call: Call) -> str:
    """Return an operation's name, whether or not it writes in place."""
    name = call.op.rstrip("_")
    return SAME.get(name, name)


def _scales(call: Call, channels: fx.Node) -> bool:
    """Whether an operation leaves channels as they are, but for a factor of each."""
    op = _name(call)
    return op in COPIES or op == "mul" or (op == "div" and call.args["self"] is channels)


def _is_product_with_itself(call: Call) -> bool:
    return _name(call) == "mul" and call.args["self"] is call.args["other"]


def _is_biased(call: Call) -> bool:
    """Whether a variance is the mean of squares; divided by one less, it is no number where one channel is left."""
    divisor_less = call.args.get("correction", call.args.get("unbiased", True))
    return divisor_less is not None and divisor_less == 0
