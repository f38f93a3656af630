from dataclasses import replace

import numpy as np

from prunekit.program.outputs import finish
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Cost, Reading, Status
from prunekit.search.bisect import BISECTIONS, bisect
from prunekit.search.problem import Problem

UNITS = np.arange(1, 101)
PROBLEM = Problem({"layer": UNITS}, {"layer": np.zeros(100)}, {"params": 100}, lambda kept, name, counts: counts[None])
READING = Reading("accuracy", 0.0, 1, 0, None, 0.0, None, "validation", Status.MEASURED, "")
CANDIDATE = Candidate("curves", Recipe(), Cost(0, 0, 0), 0, READING)


def allocate(problem):
    return {"layer": problem.limits["params"]}


def test_the_strongest_cut_that_fits_is_bracketed_to_a_hundredth():
    """A network that misses its target below 40 of 100 units: the limit ends at 40, whose neighbour 39 is too low."""
    tried = []

    def evaluate(kept):
        tried.append(kept["layer"])
        return replace(CANDIDATE, misses=("too low",) if kept["layer"] < 40 else ())

    problem = finish(bisect(PROBLEM, allocate, evaluate))
    assert problem.limits == {"params": 40}
    assert len(tried) == BISECTIONS
    assert min(units for units in tried if units >= 40) == 40
