"""Structure analysis: trace, labels, groups, counts, and the really smaller network."""

from prunekit.graph.analyze import structure_of
from prunekit.graph.attributes import fit_shapes
from prunekit.graph.shrink import expand_state, shrink, slice_state
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, named_tensors, trace

__all__ = [
    "Structure",
    "Trace",
    "expand_state",
    "fit_shapes",
    "named_tensors",
    "shrink",
    "slice_state",
    "structure_of",
    "trace",
]
