from itertools import islice

import pytest

from prunekit import verbs
from prunekit.errors import LatencyError
from prunekit.recipe import Recipe


def test_a_latency_is_stored_for_the_runs_of_its_recipe(opened):
    recipe = verbs.check(opened, Recipe(channels={"stem": 0.5}))
    reading = verbs.last(verbs.evaluate(opened, recipe)).reading
    verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, None)
    *_, found = islice(verbs.latency(opened, recipe, batch=70), 3)
    assert (found.recipe, found.batch, found.threads, found.rounds) == (recipe.digest, 70, 1, 8)
    assert verbs.history(opened)[0].latencies == (found,)
    assert opened.workspace.latencies(opened.digest, recipe.digest) == (found,)


@pytest.mark.parametrize("asked", [{"batch": 0}, {"batch": -1}, {"threads": 0}])
def test_nothing_to_time_is_one_sentence(opened, asked):
    with pytest.raises(LatencyError, match="a batch and threads of at least 1"):
        next(verbs.latency(opened, Recipe(), **asked))


def test_int8_is_timed_beside_onnx_and_stored_as_such(opened):
    recipe = verbs.check(opened, Recipe(channels={"stem": 0.5}))
    (found,) = islice(verbs.latency(opened, recipe, runtime="int8"), 1)
    assert (found.recipe, found.rounds, found.runtime) == (recipe.digest, 6, "int8")
    assert opened.workspace.latencies(opened.digest, recipe.digest) == (found,)
    assert found.dense.memory > 0
    with pytest.raises(LatencyError, match="Unknown runtime 'int4'"):
        next(verbs.latency(opened, recipe, runtime="int4"))
