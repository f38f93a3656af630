"""Groups that cannot be cut are found by the places that go wrong, in few passes."""

import random

import pytest

from prunekit.graph.failures import Suspicion, failures


class Network:
    """Places that go wrong when one of some groups is cut, or only when two are, and whom each is put down to."""

    def __init__(self, places, together=()):
        self.places, self.together, self.passes = places, together, 0

    def attempt(self, kept):
        self.passes += bool(kept)
        wrong = [(near & set(kept), f"{sorted(guilty)}") for guilty, near in self.places if guilty & set(kept)]
        wrong += [(set(pair), "together") for pair in self.together if set(pair) <= set(kept)]
        return [Suspicion(tuple(sorted(near)), reason) for near, reason in wrong]


@pytest.mark.parametrize("seed", range(40))
def test_those_that_fail_alone_are_found_and_no_others(seed):
    draw = random.Random(seed)
    names = [f"g{number}" for number in range(draw.randint(1, 12))]
    places = []
    for _ in range(draw.randint(0, 6)):
        guilty = set(draw.sample(names, draw.randint(1, min(2, len(names)))))
        places.append((guilty, guilty | set(draw.sample(names, draw.randint(0, len(names))))))
    network = Network(places)
    failing = failures(network.attempt, {name: [0] for name in names})
    assert set(failing) == set().union(*(guilty for guilty, _ in places))
    assert network.passes <= 2 * len(names) + 1


@pytest.mark.parametrize("seed", range(20))
def test_of_two_that_cannot_go_together_one_can_go(seed):
    draw = random.Random(seed)
    names = [f"g{number}" for number in range(6)]
    pairs = [tuple(draw.sample(names, 2)) for _ in range(draw.randint(1, 4))]
    network = Network([], pairs)
    failing = failures(network.attempt, {name: [0] for name in names})
    assert not network.attempt({name: [0] for name in names if name not in failing})
    assert all(set(failing) & set(pair) for pair in pairs)
    assert set(failing) <= set().union(*map(set, pairs))


def test_a_deeper_network_takes_no_more_passes():
    def passes(blocks):
        network = Network([({heads, "stream"}, {heads, "stream"}) for heads in map("heads{}".format, range(blocks))])
        names = ["stream", *(f"{kind}{block}" for kind in ("heads", "mlp") for block in range(blocks))]
        failing = failures(network.attempt, {name: [0] for name in names})
        assert set(failing) == {"stream", *(f"heads{block}" for block in range(blocks))}
        return network.passes

    assert passes(2) == passes(40) <= 5
