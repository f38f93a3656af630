"""Cuts groups together as a trial, and says who may have brought about what goes wrong."""

from collections.abc import Iterable

import numpy as np
from torch import fx, nn
from torch.utils import _pytree as pytree

from prunekit.graph.failures import Suspicion
from prunekit.graph.follow import Fault, follow, learn
from prunekit.graph.labels import dims_in
from prunekit.graph.module_calls import ModuleCall
from prunekit.graph.record import Example
from prunekit.graph.rewrite import Rewriting
from prunekit.graph.shrink import shrink_class
from prunekit.graph.sliced import Script
from prunekit.graph.structure import Structure
from prunekit.graph.trace import on_meta, stand_in
from prunekit.graph.trial_sizes import Kept

DEAR = 2**29
"""Multiplications from which passes run on ``meta``, where that shows the same as with values."""


class Trials:
    """The trials of one network.

    Args:
        model: the network; it is not changed.
        structure: its analysis so far.
        script: its dense record as what every cut has to do.
        example: what it was recorded with.
    """

    def __init__(self, model: nn.Module, structure: Structure, script: Script, example: Example) -> None:
        self._structure, self._script, self._example = structure, script, example
        self._numbers = {group.name: number for number, group in enumerate(structure.groups)}
        self._calls: list[ModuleCall] | None = None
        self._at: dict[int, set[int]] = {}
        self.probe = model if script.trace.needs_values else stand_in(model)
        work = structure.cost({}).macs * script.trace.batch
        if self.probe is model and not script.trace.reads and work > DEAR:
            self.probe = on_meta(model)
            self._calls = self._learn()
            if not self._calls:
                self.probe, self._calls = model, None

    def by_class(self, kept: Kept) -> list[Suspicion]:
        """Cut groups in the network's own class and return where that goes wrong."""
        faults = self._follow(shrink_class(self.probe, self._structure, kept), kept, self._calls or [])
        if faults and self._calls is None:
            self._calls = self._learn()
            faults = self._follow(shrink_class(self.probe, self._structure, kept), kept, self._calls)
        return [Suspicion(self._suspects(fault, kept), fault.reason) for fault in faults]

    def by_graph(self, rewrite: Rewriting, kept: Kept) -> list[Suspicion]:
        """Cut groups in the network's graph and return where that goes wrong."""
        smaller = shrink_class(self.probe, self._structure, kept)
        faults = self._follow(rewrite.network(smaller, self._structure.survivors(kept)), kept, [])
        # Its numbers are those of the labels: an operation goes wrong by what it reads or makes.
        return [Suspicion(self._touched(fault, kept) or tuple(kept), fault.reason) for fault in faults]

    def meetings(self) -> list[str]:
        """Return the groups that meet where the pass computes what nobody reads.

        That binds no channels, yet the class still adds them up, which is seen only while the others keep theirs.
        """
        meeting = set[int]()
        for number, step in enumerate(self._script.steps):
            if step.call.node not in self._script.live and len(self._groups_at(number)) > 1:
                meeting |= self._groups_at(number)
        return [self._structure.groups[index].name for index in sorted(meeting)]

    def _learn(self) -> list[ModuleCall]:
        return learn(self._script, shrink_class(self.probe, self._structure, {}), self._example) or []

    def _follow(self, smaller: nn.Module, kept: Kept, calls: list[ModuleCall]) -> list[Fault]:
        if not kept:
            return []
        return follow(self._script, self._structure.survivors(kept), smaller, self._example, calls)

    def _suspects(self, fault: Fault, kept: Kept) -> tuple[str, ...]:
        """Return the cut groups that may be behind a fault, the likeliest first.

        A module knows what its own tensors and arguments say: it is one of the groups in those.
        """
        touched = self._touched(fault, kept)
        calls = self._calls or []
        if fault.calls and calls[fault.calls[-1]].is_literal and touched:
            return touched
        for number in reversed(fault.calls):
            near = self._groups_in(number)
            if inside := [name for name in kept if self._numbers[name] in near]:
                return (
                    *(name for name in touched if name in inside),
                    *(name for name in inside if name not in touched),
                )
        return (*touched, *(name for name in kept if name not in touched))

    def _touched(self, fault: Fault, kept: Kept) -> tuple[str, ...]:
        groups = self._groups_at(fault.step)
        return tuple(name for name in kept if self._numbers[name] in groups)

    def _groups_in(self, number: int) -> set[int]:
        """Return the groups of the values in a module call, and of its arguments."""
        assert self._calls is not None
        call = self._calls[number]
        inputs = [leaf for leaf in pytree.tree_leaves(call.inputs) if isinstance(leaf, fx.Node)]
        return self._groups_of(inputs).union(*(self._groups_at(step) for step in range(call.start, call.end)))

    def _groups_at(self, step: int) -> set[int]:
        if step not in self._at:
            node = self._script.steps[step].call.node
            self._at[step] = self._groups_of((node, *node.all_input_nodes))
        return self._at[step]

    def _groups_of(self, nodes: Iterable[fx.Node]) -> set[int]:
        dims = [dim for node in nodes for dim in dims_in(self._script.labels.of.get(node)) if not isinstance(dim, str)]
        if not dims:
            return set()
        return set(self._structure.group_of[np.concatenate(dims)].tolist()) - {-1}
