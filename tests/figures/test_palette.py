from itertools import pairwise

import pytest

from prunekit.figures import palette

PAGES = ("#ffffff", "#0e131b")
# Machado, Oliveira and Fernandes, 2009, severity 1.0, on linear RGB
VISION = {
    "common": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: str, vision: str = "common") -> float:
    seen = [sum(w * part for w, part in zip(row, linear(colour), strict=True)) for row in VISION[vision]]
    return 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scale", [palette.HARM, palette.AREA], ids=["harm", "area"])
def test_scales_get_darker_in_every_step_for_everybody(scale, vision):
    steps = [luminance(colour, vision) for _, colour in scale]
    assert all(before > 1.25 * after for before, after in pairwise(steps))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "colour",
    [palette.KEPT, palette.REMOVED, palette.NEUTRAL, *palette.GROUPS, palette.HARM[-1][1], palette.AREA[-1][1]],
)
def test_colours_that_must_be_seen_stand_out_from_either_page(colour, page):
    assert contrast(colour, page) >= 3


def test_what_is_frequent_is_opaque_and_the_colour_of_what_stays():
    (_, rare), (_, frequent) = palette.FREQUENCY
    kept = ",".join(str(int(palette.KEPT[i : i + 2], 16)) for i in (1, 3, 5))
    assert frequent == f"rgba({kept},1)"
    assert 0 < float(rare.removeprefix(f"rgba({kept},").rstrip(")")) < 0.2


def test_harm_and_amount_share_no_hue():
    harm, much = linear(palette.HARM[-1][1]), linear(palette.AREA[-1][1])
    assert (harm.index(max(harm)), much.index(max(much))) == (0, 1)
