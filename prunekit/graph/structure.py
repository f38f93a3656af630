"""What the analysis knows of a network: its layers, its groups, and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prunekit.errors import RecipeError, close_matches
from prunekit.graph.formula import Formula
from prunekit.graph.labels import Atoms
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.rewrite import Rewriting
from prunekit.records import Block, Cost, Group, Layer, Member


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The result of the analysis.

    Attributes:
        layers: operations that hold a weight, in execution order.
        groups: prunable and protected groups, in execution order.
        blocks: parts that could be removed whole.
        links: edges of the network diagram, from layer to layer.
        unknown_ops: operations without a rule; what they touch is protected.
        formula: the closed formulas of all counts.
        atoms: for each dimension of each tensor, the atom of each position.
        group_of: for each atom the index of its group, or -1.
        unit_of: for each atom its unit within the group, or -1.
        notes: what else a person should know of the analysis.
        norms: the running mean and variance of each batch normalisation that reads them, by name.
        rewriting: the graph that is cut where the network's own class cannot be; ``None`` where none is needed.
    """

    layers: tuple[Layer, ...]
    groups: tuple[Group, ...]
    blocks: tuple[Block, ...]
    links: tuple[tuple[str, str], ...]
    unknown_ops: tuple[str, ...]
    formula: Formula
    atoms: Mapping[str, tuple[Atoms, ...]]
    group_of: Atoms
    unit_of: Atoms
    notes: tuple[str, ...] = ()
    norms: tuple[tuple[str, str], ...] = ()
    rewriting: Rewriting | None = None

    @property
    def prunable(self) -> tuple[Group, ...]:
        """The groups that can be cut."""
        return tuple(group for group in self.groups if group.protected is None)

    def group(self, name: str) -> Group:
        """Find a group by its name or by any of its layers.

        Raises:
            RecipeError: no group or layer has that name.
        """
        for group in self.groups:
            if group.name == name:
                return group
        for group in self.groups:
            if name in group.layers:
                return group
        known = [group.name for group in self.groups]
        raise RecipeError(f"There is no group or layer {name!r}; {close_matches(name, known)}")

    def layer(self, name: str) -> Layer:
        """Find a layer by its name.

        Raises:
            RecipeError: no layer has that name.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise RecipeError(f"There is no layer {name!r}; {close_matches(name, [layer.name for layer in self.layers])}")

    def units(self, group: str, member: Member) -> Atoms:
        """Return for every position of a member's dimension its unit of this group, or -1."""
        atoms = self.atoms[member.tensor][member.dim]
        index = self.groups.index(self.group(group))
        return np.where(self.group_of[atoms] == index, self.unit_of[atoms], -1)

    def producers(self, group: str) -> tuple[Member, ...]:
        """Return the members that make the group's channels: output dimensions of weights."""
        record = self.group(group)
        outputs = [Member(layer.weight, OUTPUT_DIM[layer.op]) for layer in self.layers]
        return tuple(member for member in outputs if member in record.members)

    def cost(self, kept: Mapping[str, int]) -> Cost:
        """Count the network that keeps so many units of each group; groups not named stay whole."""
        return self.formula.cost(kept)

    def cost_along(self, kept: Mapping[str, int], group: str, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Count the networks that keep ``counts`` units of one group; see ``Formula.cost_along``."""
        return self.formula.cost_along(kept, group, counts)

    def layer_costs(self, kept: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
        """Return ``(parameters, MACs)`` of each layer, in the order of ``layers``."""
        return self.formula.layer_costs(kept, len(self.layers))

    def survivors(self, kept: Mapping[str, Sequence[int]]) -> NDArray[np.bool_]:
        """Return for every atom whether it survives a cut; groups not named stay whole."""
        survives = np.ones(len(self.group_of), dtype=bool)
        for name, units in kept.items():
            group = self.group(name)
            alive = np.zeros(group.units, dtype=bool)
            alive[list(units)] = True
            members = self.group_of == self.groups.index(group)
            survives[members] = alive[self.unit_of[members]]
        return survives

    def needs_graph(self, kept: Mapping[str, Sequence[int]]) -> bool:
        """Whether a cut takes what the network's own class cannot lose."""
        groups = {self.group(name): units for name, units in kept.items()}
        return any(group.graph_only and len(units) < group.units for group, units in groups.items())

    def kept_positions(self, kept: Mapping[str, Sequence[int]]) -> dict[str, dict[int, Atoms]]:
        """Return which positions of which tensors survive a cut; tensors not named stay whole.

        Args:
            kept: the units kept of each cut group.

        Returns:
            For each cut tensor, its cut dimensions with the positions that stay, in order.
        """
        survives = self.survivors(kept)
        cut: dict[str, dict[int, Atoms]] = {}
        for member in {member: None for name in kept for member in self.group(name).members}:
            stays = survives[self.atoms[member.tensor][member.dim]]
            if not stays.all():
                cut.setdefault(member.tensor, {})[member.dim] = np.flatnonzero(stays)
        return cut
