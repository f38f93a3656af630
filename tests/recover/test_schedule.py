import math

import pytest

from prunekit.errors import RecipeError
from prunekit.recover.schedule import Schedule


@pytest.mark.parametrize("lr", [0.0, -1.0, math.nan, math.inf])
def test_a_learning_rate_is_a_number_above_zero(lr):
    with pytest.raises(RecipeError, match=r"A learning rate is a number above 0, such as 0\.002"):
        Schedule(lr=lr)


@pytest.mark.parametrize(("optimizer", "lr"), [("adamw", 0.002), ("sgd", 0.05)])
def test_without_one_it_is_the_optimizers(optimizer, lr):
    assert Schedule(optimizer=optimizer).lr == lr


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 0}, {"distil": 1.5}, {"temperature": 0}])
def test_other_values_are_refused_by_what_they_may_be(wrong):
    with pytest.raises(RecipeError, match="A schedule takes epochs and batch from 1"):
        Schedule(**wrong)
