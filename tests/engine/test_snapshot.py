import pytest

from prunekit.engine import State
from prunekit.engine.snapshot import estimate_left


def test_work_is_finished_unless_it_waits_or_runs():
    assert {state for state in State if not state.finished} == {State.QUEUED, State.RUNNING}


@pytest.mark.parametrize(
    ("times", "done", "total", "left"),
    [
        ([0.0, 2.0], 1, 4, 6.0),  # one record took 2 s, three to go
        ([100.0, 101.0, 104.0], 60, 62, 4.0),  # 2 s each lately, whatever came before
        ([0.0, 2.0], 5, 4, 0.0),  # more than was announced
        ([0.0], 0, 4, None),  # no record yet
        ([0.0, 2.0], 1, None, None),  # no total
    ],
)
def test_the_time_left_follows_the_latest_pace(times, done, total, left):
    assert estimate_left(times, done, total) == left
