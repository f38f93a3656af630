import pytest
import torch

from prunekit.criteria import CRITERIA, ScoreInput
from prunekit.criteria.registering import criterion
from prunekit.criteria.weights import score, weight_scores
from prunekit.errors import RecipeError, TaskError
from tests.own_code import forget

WEIGHT = torch.tensor([[3.0, -4.0], [1.0, 0.0]])
GIVEN = ScoreInput(2, (WEIGHT,), seed=5)


@pytest.fixture(autouse=True)
def forgotten():
    yield
    forget()


def registered(function, **said):
    criterion(title="Mine", caption="Looks at nothing.", name="mine", **said)(function)
    return CRITERIA["mine"]


def test_a_registered_criterion_scores_by_its_name():
    record = registered(lambda given: given.weights[0].amax(1), needs=["norms"], comparable=True)
    assert score("mine", GIVEN).tolist() == [3.0, 1.0]
    assert (record.title, record.caption, record.needs) == ("Mine", "Looks at nothing.", {"norms"})
    assert record.comparable
    assert not record.by_magnitude


def test_a_decorated_function_stays_what_it_is():
    def mine(given):
        return given

    assert criterion(title="Mine", caption="Looks at nothing.")(mine) is mine
    assert CRITERIA["mine"].origin.file == __file__


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda given: 1 / 0, "The criterion mine raised ZeroDivisionError: division by zero."),
        (lambda given: [1.0, 2.0], r"a tensor \(2,\); it returned list"),
        (lambda given: given.weights[0], r"a tensor \(2,\); it returned \(2, 2\)"),
        (lambda given: torch.tensor([1.0, -2.0]), "not negative; the lowest is -2, the highest 1"),
        (lambda given: torch.tensor([1.0, float("nan")]), "must return scores that are finite"),
    ],
)
def test_what_is_no_score_is_said_in_one_sentence(function, message):
    registered(function)
    with pytest.raises(RecipeError, match=message):
        score("mine", GIVEN)


def test_it_cannot_change_the_network():
    weight = torch.tensor([3.0, -4.0])
    registered(lambda given: given.weights[0].abs_().sum(1))
    assert weight_scores(weight, "mine").tolist() == [3.0, 4.0]
    assert weight.tolist() == [3.0, -4.0]


def test_what_it_draws_depends_on_the_seed_alone():
    registered(lambda given: torch.rand(given.units))
    before = torch.get_rng_state()
    assert torch.equal(score("mine", GIVEN), score("mine", GIVEN))
    assert not torch.equal(score("mine", GIVEN), score("mine", ScoreInput(2, (WEIGHT,), seed=6)))
    assert torch.equal(torch.get_rng_state(), before)


def test_of_units_alone_has_no_meaning_for_single_weights():
    registered(lambda given: given.weights[0].amax(1), of="units")
    with pytest.raises(RecipeError, match="'mine' has no meaning for single weights; use l2 or l1"):
        weight_scores(WEIGHT, "mine")


def test_a_need_that_nobody_meets_is_refused():
    with pytest.raises(TaskError, match="A criterion needs gradients or norms, not 'hessians'"):
        registered(None, needs=["hessians"])
