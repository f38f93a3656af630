from itertools import pairwise

import pytest
import torch

from prunekit.tasks.article import ARTICLE_FAULTS, ArticleNet, article, article_as_printed
from prunekit.tasks.mobilenet import mobilenet
from prunekit.tasks.resnet import resnet8, resnet20
from prunekit.tasks.unet import unet
from prunekit.tasks.vgg import vgg
from prunekit.tasks.vit import ViT, vit


def _params(model):
    return sum(parameter.numel() for parameter in model.parameters())


def _resnet(channels, blocks):
    """Convolutions without bias, two entries for each BatchNorm channel, 10 outputs with bias."""
    stem = channels * 9 * 16 + 2 * 16
    stages = 0
    for inputs, outputs in ((16, 16), (16, 32), (32, 64)):
        same = 2 * (9 * outputs * outputs + 2 * outputs)
        first = 9 * inputs * outputs + 9 * outputs * outputs + 4 * outputs
        shortcut = inputs * outputs + 2 * outputs if inputs != outputs else 0
        stages += first + shortcut + (blocks - 1) * same
    return stem + stages + 64 * 10 + 10


def test_resnet_parameters():
    assert _params(resnet8()) == _resnet(1, 1)
    assert _params(resnet20()) == _resnet(3, 3)


def test_vgg_parameters():
    pairs = ((3, 32), (32, 64), (64, 64), (64, 96), (96, 96))
    convolutions = sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in pairs)
    # The image halves three times: 32 → 4.
    assert _params(vgg()) == convolutions + (96 * 4 * 4 * 96 + 96) + (96 * 10 + 10)


def test_mobilenet_parameters():
    blocks = ((16, 16), (16, 16), (16, 40), (40, 40), (40, 40), (40, 64), (64, 64), (64, 64))
    expected = 3 * 9 * 16 + 2 * 16
    for inputs, outputs in blocks:
        hidden = 4 * inputs
        expected += hidden * (inputs + 9 + outputs) + 2 * (hidden + hidden + outputs)
    assert _params(mobilenet()) == expected + 64 * 128 + 2 * 128 + 128 * 10 + 10


def test_vit_parameters():
    stem = 3 * 9 * 32 + 2 * 32 + 32 * 9 * 64 + 2 * 64 + 64 * 9 * 64 + 64
    block = 2 * 2 * 64 + (64 * 192 + 192) + (64 * 64 + 64) + (64 * 192 + 192) + (192 * 64 + 64)
    assert _params(vit()) == stem + 64 * 64 + 4 * block + 2 * 64 + 64 * 10 + 10


def test_unet_parameters():
    pairs = (
        (1, 16),
        (16, 16),
        (16, 16),
        (16, 16),
        (16, 48),
        (48, 48),
        (48 + 16, 16),
        (16, 16),
        (16 + 16, 16),
        (16, 16),
    )
    assert _params(unet()) == sum(9 * a * b + 2 * b for a, b in pairs) + 16 * 11 + 11


def test_article_is_a_twentieth_of_the_printed_width():
    channels = [3, 3, 6, 13, 26, 51, 102, 205, 51]
    convolutions = sum(9 * a * b + b for a, b in pairwise(channels))
    assert _params(article()) == convolutions + 2 * (51 * 51 + 51) + 51 * 10 + 10 == 351_305


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (resnet8, (1, 28, 28)),
        (article, (3, 28, 28)),
        (resnet20, (3, 32, 32)),
        (vgg, (3, 32, 32)),
        (mobilenet, (3, 32, 32)),
        (vit, (3, 32, 32)),
        (unet, (1, 24, 24)),
    ],
)
def test_logits_do_not_depend_on_the_rest_of_the_batch(make, shape):
    torch.manual_seed(0)
    model, images = make().eval(), torch.randn(3, *shape)
    with torch.no_grad():
        together, alone = model(images), model(images[1:2])
    assert together.shape in ((3, 10), (3, 11, 24, 24))
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_attention_without_one_head_runs_and_equals_the_masked_one():
    """Heads are counted from the projection's rows; a head without output columns adds nothing."""
    torch.manual_seed(0)
    model = ViT(size=8, width=12, depth=1, heads=3).eval()
    attention, tokens = model.blocks[0].attention, torch.randn(2, 5, 12)
    head, kept = slice(4, 8), [0, 1, 2, 3, 8, 9, 10, 11]
    with torch.no_grad():
        attention.proj.weight[:, head] = 0
        expected = attention(tokens)
        rows = [12 * part + row for part in range(3) for row in kept]
        attention.qkv.weight = torch.nn.Parameter(attention.qkv.weight[rows])
        attention.qkv.bias = torch.nn.Parameter(attention.qkv.bias[rows])
        attention.proj.weight = torch.nn.Parameter(attention.proj.weight[:, kept])
        torch.testing.assert_close(attention(tokens), expected)


def test_as_printed_holds_35_trillion_weights_and_cannot_run():
    printed = article_as_printed()
    channels = [3, 64, 128, 256, 512, 1024, 2048, 4096, 1024]
    convolutions = [9 * a * b + b for a, b in pairwise(channels)]
    counted = [_params(printed.get_submodule(f"conv{number}")) for number in range(1, 9)]
    assert counted == convolutions
    assert printed.fc1.weight.numel() == 2048 * 4096 * 4096 * 1024 == 35_184_372_088_832
    assert all(parameter.is_meta for parameter in printed.parameters())
    with pytest.raises(AttributeError, match="relu"):
        printed(torch.zeros(1, 3, 8, 8, device="meta"))
    assert len(ARTICLE_FAULTS) == 5


def test_article_net_takes_any_width():
    narrow = ArticleNet((1, 2, 3, 4, 5, 6, 7, 8), classes=4)
    assert narrow(torch.zeros(2, 3, 16, 16)).shape == (2, 4)
