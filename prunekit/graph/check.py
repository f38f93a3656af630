"""Proves each group: its units are cut, and what the result does is compared with the dense record, sliced.

A forward that raises is the kind failure. The dangerous one runs: code that remembers a number
(``view(b, n, self.heads, -1)``) regroups channels without complaint, and code that reads one (``x.shape[-1] ** 0.5``)
computes something else. Its operations betray it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle

from torch import nn

from prunekit.errors import StructureError
from prunekit.graph.failures import Suspicion, failures
from prunekit.graph.labels import Labels
from prunekit.graph.record import Example
from prunekit.graph.rewrite import Rewriting, rewriting
from prunekit.graph.sliced import script
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace
from prunekit.graph.trial_sizes import Kept, trial_sizes
from prunekit.graph.trials import Trials
from prunekit.records import Group


def find_ways(model: nn.Module, structure: Structure, traced: Trace, labels: Labels, example: Example) -> Structure:
    """Find out which groups can be cut in the network's own class, which only in its graph, and which in neither.

    All groups lose units together: where that is right, as it nearly always is, a few passes prove them all.

    Returns:
        The structure, with the groups that failed protected and the reason in words.
    """
    candidates = [group for group in structure.prunable if group.units > 1]
    by_code = [group for group in candidates if not group.graph_only]
    trials = Trials(model, structure, script(traced, labels), example)
    meeting = trials.meetings()
    by_class = _failures(trials.by_class, trial_sizes(by_code), meeting)
    by_class |= {group.name: group.graph_only for group in candidates if group.graph_only}
    if not by_class:
        return structure
    rewrite: Rewriting | None
    try:
        rewrite = rewriting(trials.probe, example, traced, labels)
    except StructureError as error:
        rewrite, by_graph = None, dict.fromkeys(by_class, str(error))
    else:
        by_graph = _failures(partial(trials.by_graph, rewrite), trial_sizes(candidates)[:3], meeting)
        # A graph is cut as a whole: it has to lose what the class can lose too.
        if others := [name for name in by_graph if name not in by_class]:
            by_graph = dict.fromkeys(by_class, f"it cannot lose {others[0]}: {by_graph[others[0]]}")
    groups = tuple(_fate(group, by_class.get(group.name), by_graph.get(group.name)) for group in structure.groups)
    protected = {layer: group.protected for group in groups for layer in group.layers if group.protected}
    layers = tuple(replace(layer, protected=layer.protected or protected.get(layer.name)) for layer in structure.layers)
    return replace(structure, groups=groups, layers=layers, rewriting=rewrite)


def _failures(
    attempt: Callable[[Kept], list[Suspicion]], trials: Sequence[Kept], meeting: Iterable[str]
) -> dict[str, str]:
    """Return the groups that cannot go this way, with why; the others go together in every trial.

    Args:
        attempt: cuts groups and returns where that goes wrong.
        trials: what stays of each group.
        meeting: groups that are cut alone, too.
    """
    failing: dict[str, str] = {}
    clean = 0
    for kept in cycle(trials):
        new = failures(attempt, {name: units for name, units in kept.items() if name not in failing})
        failing |= new
        clean = 1 if new else clean + 1
        if clean == len(trials):
            break
    for name in meeting:
        for kept in trials:
            if name in kept and name not in failing:
                failing |= failures(attempt, {name: kept[name]})
    return failing


def _fate(group: Group, by_class: str | None, by_graph: str | None) -> Group:
    if by_class is None:
        return group
    if by_graph is None:
        return replace(group, graph_only=by_class)
    reason = f"its own code does not follow a cut: {by_class}; nor can its graph be cut: {by_graph}"
    return replace(group, protected=reason, graph_only="")
