import copy

import pytest
import torch
from torch.nn import functional as F

from prunekit.criteria.gradients import gradients
from prunekit.criteria.score import ScoreInput
from prunekit.criteria.taylor import taylor
from prunekit.errors import RecipeError
from prunekit.tasks.task import Split
from tests import nets, samples


def test_score_is_the_squared_sum_of_gradient_times_weight():
    weight = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    gradient = torch.tensor([[[2.0, -0.5], [1.0, 0.0]]])
    # (2 − 1)² = 1, (3 + 0)² = 9: mean 5
    torch.testing.assert_close(taylor(ScoreInput(2, (weight,), (gradient,))), torch.tensor([0.2, 1.8]))


def test_squares_are_averaged_over_batches_so_that_signs_do_not_cancel():
    weight = torch.tensor([[1.0], [1.0]])
    gradients = torch.tensor([[[3.0], [1.0]], [[-3.0], [1.0]]])
    # (9 + 9) / 2 and (1 + 1) / 2: mean 5
    torch.testing.assert_close(taylor(ScoreInput(2, (weight,), (gradients,))), torch.tensor([1.8, 0.2]))


def test_it_needs_gradients():
    with pytest.raises(RecipeError, match="need gradients"):
        taylor(ScoreInput(2, (torch.ones(2, 2),)))


def test_score_is_the_slope_of_the_loss_as_the_unit_fades():
    net, split = nets.make("plain").double(), samples.split(16)  # one batch
    split = Split(split.inputs.double(), split.targets)
    found = gradients(net, split)["conv2.weight"]
    score = taylor(ScoreInput(12, (net.conv2.weight.detach().flatten(1),), (found.flatten(2),)))

    def loss(unit, factor):
        faded = copy.deepcopy(net)
        with torch.no_grad():
            faded.conv2.weight[unit] *= factor
            return F.cross_entropy(faded(split.inputs), split.targets).item()

    step = 1e-5
    slopes = torch.tensor([(loss(u, 1 + step) - loss(u, 1 - step)) / (2 * step) for u in range(12)]).double()
    torch.testing.assert_close(score, slopes**2 / (slopes**2).mean(), rtol=1e-4, atol=1e-6)
