from itertools import pairwise

import pytest

from prunekit.figures.bands import BANDS, band_of, ends
from tests.figures.test_palette import PAGES, VISION, luminance


def on(page: str, colour: str) -> str:
    *parts, alpha = (float(part) for part in colour.removeprefix("rgba(").rstrip(")").split(","))
    below = [int(page[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(alpha * a + (1 - alpha) * b):02x}" for a, b in zip(parts, below, strict=True))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("page", PAGES)
def test_bands_stand_further_from_the_page_in_every_step_for_everybody(page, vision):
    steps = [luminance(colour, vision) for colour in (page, *(on(page, band.colour) for band in BANDS))]
    ratios = [(max(pair) + 0.05) / (min(pair) + 0.05) for pair in pairwise(steps)]
    assert steps in (sorted(steps), sorted(steps, reverse=True))
    assert all(ratio >= 1.2 for ratio in ratios[:1])
    assert all(ratio > 1.3 for ratio in ratios[1:])


@pytest.mark.parametrize("page", PAGES)
def test_what_is_harmful_stands_out_from_either_page(page):
    low, high = sorted((luminance(page), luminance(on(page, BANDS[-1].colour))))
    assert (high + 0.05) / (low + 0.05) >= 3


def test_ten_samples_of_a_thousand_are_one_point_whatever_the_last_bit_says():
    below, above = 100 * (0.938 - 0.928), 100 * (0.981 - 0.971)
    assert below < 1 < above
    assert band_of(below) is band_of(above) is BANDS[1]


def test_every_loss_is_in_the_band_whose_label_it_fits():
    assert [band_of(lost).name for lost in (0.0, 0.99, 1.0, 5.0, 5.01, 90.0)] == [
        "safe",
        "safe",
        "costly",
        "costly",
        "harmful",
        "harmful",
    ]


def test_a_band_ends_where_the_first_cut_loses_more_whatever_deeper_ones_lose():
    assert ends([(0.1, 0.5), (0.2, 3.0), (0.3, 0.2), (0.4, 9.0)]) == (
        pytest.approx(0.12),
        pytest.approx(0.3545, abs=1e-3),
    )
    assert ends([(0.5, 0.1), (0.9, 0.4)]) == (0.9, 0.9)
    assert ends([]) == (0.0, 0.0)
