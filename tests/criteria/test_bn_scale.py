import pytest
import torch

from prunekit.criteria.bn_scale import bn_scale
from prunekit.criteria.score import NotScorableError, ScoreInput

WEIGHT = torch.ones(2, 3)


def test_scale_is_the_absolute_gamma():
    # |−1.5|, |0.5|: mean 1
    given = ScoreInput(2, (WEIGHT,), scales=(torch.tensor([[-1.5], [0.5]]),))
    assert bn_scale(given).tolist() == [1.5, 0.5]


def test_a_unit_of_several_channels_sums_them():
    # 1 + 3 = 4, 0 + 2 = 2: mean 3
    given = ScoreInput(2, (WEIGHT,), scales=(torch.tensor([[1.0, -3.0], [0.0, 2.0]]),))
    torch.testing.assert_close(bn_scale(given), torch.tensor([4 / 3, 2 / 3]))


def test_without_batchnorm_there_is_nothing_to_read():
    with pytest.raises(NotScorableError, match="No BatchNorm"):
        bn_scale(ScoreInput(2, (WEIGHT,)))
