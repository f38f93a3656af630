import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prunekit.graph.labels import Labels, components


def slow_components(n: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Flood fill, one atom after the other."""
    root = list(range(n))
    changed = True
    while changed:
        changed = False
        for a, b in pairs:
            low = min(root[a], root[b])
            if (root[a], root[b]) != (low, low):
                root[a] = root[b] = low
                changed = True
    return root


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_components_are_those_of_a_flood_fill(graph):
    n, pairs = graph
    labels = Labels()
    labels.fresh(n)
    for a, b in pairs:
        labels.couple(np.array([a]), np.array([b]))
    assert components(labels).tolist() == slow_components(n, pairs)


def test_a_dimension_without_atoms_freezes_the_other_with_its_reason():
    labels = Labels()
    atoms = labels.fresh(3)
    assert labels.couple(atoms, "network input") == "network input"
    assert [(a.tolist(), why) for a, why in labels.frozen] == [([0, 1, 2], "network input")]
