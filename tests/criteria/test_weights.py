import pytest
import torch

from prunekit.criteria.weights import layer_scores, weight_scores
from prunekit.errors import RecipeError
from tests import nets

WEIGHT = torch.tensor([[1.0, -2.0], [0.0, 5.0]])


@pytest.mark.parametrize("criterion", ["l1", "l2"])
def test_magnitude_of_a_weight_is_its_absolute_value(criterion):
    # |w| is 1, 2, 0, 5: mean 2
    torch.testing.assert_close(weight_scores(WEIGHT, criterion), torch.tensor([[0.5, 1.0], [0.0, 2.5]]))


def test_taylor_of_a_weight():
    gradient = torch.tensor([[[2.0, 1.0], [7.0, 0.0]]])
    # (g·w)² is 4, 4, 0, 0: mean 2
    torch.testing.assert_close(
        weight_scores(WEIGHT, "taylor", gradient=gradient), torch.tensor([[2.0, 2.0], [0.0, 0.0]])
    )


def test_batchnorm_scale_has_no_meaning_for_single_weights():
    with pytest.raises(RecipeError, match="'bn_scale' has no meaning for single weights; use l2 or l1 or taylor"):
        weight_scores(WEIGHT, "bn_scale")


def test_unknown_criterion_names_the_near_ones():
    with pytest.raises(RecipeError, match="Unknown criterion 'tailor'; did you mean taylor?"):
        weight_scores(WEIGHT, "tailor")


def test_each_layer_draws_on_its_own():
    net = nets.make("linear")
    both = layer_scores(net, {"fc1": "fc1.weight", "fc2": "fc2.weight"}, "random")
    alone = layer_scores(net, {"fc2": "fc2.weight"}, "random")
    assert torch.equal(both["fc2"], alone["fc2"])
    assert not torch.equal(both["fc2"], layer_scores(net, {"fc2": "fc2.weight"}, "random", seed=1)["fc2"])
    assert both["fc1"].shape == (16, 6)
