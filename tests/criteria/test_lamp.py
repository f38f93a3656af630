import torch

from prunekit.criteria.weights import weight_scores


def test_a_score_is_the_share_of_the_squares_that_are_not_smaller():
    # Squares 1, 4, 9: 1 ÷ 14, 4 ÷ 13, 9 ÷ 9.
    found = weight_scores(torch.tensor([[-1.0, 3.0, 2.0]]), "lamp")
    assert torch.allclose(found, torch.tensor([[1 / 14, 1.0, 4 / 13]], dtype=found.dtype))


def test_scaling_a_layer_changes_nothing_and_its_largest_weight_scores_one():
    weight = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    found = weight_scores(weight, "lamp")
    assert torch.allclose(found, weight_scores(100 * weight, "lamp"))
    assert float(found.max()) == 1.0
    assert torch.equal(found.flatten().argsort(), weight.abs().flatten().argsort())
    assert torch.equal(weight_scores(torch.zeros(3), "lamp"), torch.zeros(3))
