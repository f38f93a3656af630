import random
import sys

import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.records import Cost, Run


def run(name, parent=None):
    return Run(name, "tiny", "feed", Recipe(), parent, 0.0, Cost(1, 1, 4))


def placed(nodes):
    return [(node.run.id, node.depth, node.lane) for node in nodes]


def test_a_fork_by_hand():
    runs = [run("a"), run("b", "a"), run("c", "a"), run("d", "b"), run("e", "a"), run("f", "b"), run("g")]
    assert placed(verbs.history_tree(runs)) == [
        ("a", 1, 0),
        ("b", 2, 0),
        ("d", 3, 0),
        ("f", 3, 1),
        ("c", 2, 2),
        ("e", 2, 3),
        ("g", 1, 4),
    ]
    assert verbs.history_tree([]) == ()


def test_a_run_whose_parent_is_not_there_continues_the_root():
    assert placed(verbs.history_tree([run("b", "gone"), run("c", "b")])) == [("b", 1, 0), ("c", 2, 0)]


@pytest.mark.parametrize("seed", range(20))
def test_no_line_of_a_tree_crosses_another(seed):
    draw = random.Random(seed)
    runs = []
    for i in range(40):
        runs.append(run(str(i), draw.choice([None, *(r.id for r in runs[-6:])])))
    nodes = {node.run.id: node for node in verbs.history_tree(runs)}
    assert set(nodes) == {r.id for r in runs}
    assert len({(node.depth, node.lane) for node in nodes.values()}) == len(runs)
    for node in nodes.values():
        parent = nodes.get(node.run.parent)
        assert node.depth == (parent.depth if parent else 0) + 1
        # the way down from the parent's lane, at the parent's depth, meets nobody
        above = (parent.depth, parent.lane) if parent else (0, 0)
        assert above[1] <= node.lane
        for other in nodes.values():
            assert not (other.depth <= above[0] and above[1] < other.lane <= node.lane)


def test_a_line_may_be_longer_than_the_stack_is_deep():
    runs = [run("0"), *(run(str(i), str(i - 1)) for i in range(1, sys.getrecursionlimit() + 10))]
    assert [node.depth for node in verbs.history_tree(runs)] == list(range(1, len(runs) + 1))


def test_the_recipe_of_a_run_gives_its_own_network(opened):
    recipe = verbs.check(opened, Recipe(channels={"stem": 0.5}))
    plain = verbs.commit(opened, recipe, verbs.cost(opened, recipe), verbs.last(verbs.evaluate(opened, recipe)).reading,
                         None)  # fmt: skip
    recovered = verbs.last(verbs.recover(opened, recipe, epochs=1, parent=plain.id))
    assert verbs.recipe_of(None).is_dense
    assert verbs.recipe_of(plain) == recipe
    again = verbs.last(verbs.evaluate(opened, verbs.recipe_of(recovered)))
    assert again.reading.correct == recovered.readings[0].correct


def test_a_thinned_history_joins_what_stays_to_the_nearest_that_stays():
    runs = [run("a"), run("b", "a"), run("c", "b"), run("d", "c"), run("e", "b"), run("f", "e")]
    found = verbs.thinned(runs, {"a", "d", "f"})
    assert [(r.id, r.parent) for r in found] == [("a", None), ("d", "a"), ("f", "a")]
    assert [(r.id, r.parent) for r in verbs.thinned(runs, {"d", "e", "f"})] == [("d", None), ("e", None), ("f", "e")]
    assert verbs.thinned(runs, {r.id for r in runs}) == tuple(runs)
    assert verbs.thinned(runs, ()) == ()
