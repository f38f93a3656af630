from dataclasses import replace

import pytest

from prunekit.objectives import METRICS
from prunekit.records import Cost, Evaluation, Reading, Status
from prunekit.ui.state.standing import Standing

COST = Cost(1, 1, 4)


@pytest.mark.parametrize(
    ("metric", "classes", "value", "collapsed"),
    [
        ("accuracy", 10, 0.19, True),  # chance is 0.1, twice that 0.2
        ("accuracy", 10, 0.21, False),
        ("agreement", 10, 0.19, True),
        ("accuracy", 2, 0.74, True),  # chance is 0.5, half way to 1 is 0.75
        ("accuracy", 2, 0.76, False),
        ("top-5", 10, 0.76, False),
        ("mean IoU", 10, 0.01, False),  # what guessing reaches is not known
    ],
)
def test_a_network_has_collapsed_where_it_is_near_what_guessing_reaches(metric, classes, value, collapsed):
    reading = Reading(metric, value, 50, None, None, 1.0, None, "validation", Status.MEASURED, "cut")
    chance = METRICS[metric].chance
    standing = Standing("cut", 50, COST, COST, Evaluation(reading, COST), None, chance=chance and chance(classes))
    assert standing.collapsed is collapsed
    assert not replace(standing, recipe="another").collapsed  # what is measured is not of the desk's recipe
