import pytest
import torch

from prunekit.recover.stepwise import stepwise


def test_the_work_goes_no_further_than_somebody_asks():
    reached = []

    def work(report):
        for step in range(5):
            reached.append(step)
            report(step)

    steps = stepwise(work)
    assert reached == []
    assert (next(steps), reached) == (0, [0])
    assert (next(steps), reached) == (1, [0, 1])
    steps.close()
    assert reached == [0, 1]


def test_nothing_runs_where_nobody_asks():
    reached = []
    stepwise(lambda report: reached.append(report)).close()
    assert reached == []


def test_code_that_catches_every_exception_does_not_hold_it_up():
    ended = []

    def work(report):
        try:
            report("first")
        except Exception:  # such as a network's forward pass may have
            report("second")
        finally:
            ended.append(True)

    steps = stepwise(work)
    assert next(steps) == "first"
    steps.close()
    assert ended == [True]


def test_what_the_work_raises_comes_out_after_its_steps():
    def work(report):
        report(1)
        raise ValueError("no more")

    steps = stepwise(work)
    assert next(steps) == 1
    with pytest.raises(ValueError, match="no more"):
        next(steps)


def test_random_numbers_of_others_are_not_drawn():
    def work(report):
        for _ in range(3):
            report(float(torch.rand(1)))

    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    steps = stepwise(work)
    next(steps)
    first = torch.rand(1)
    next(steps)
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)
    steps.close()
