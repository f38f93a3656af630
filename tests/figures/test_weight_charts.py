"""Charts of what is inside a network."""

from dataclasses import replace

import pytest

from prunekit.figures.activations import activations, activations_table
from prunekit.figures.agreement import agreement, agreement_table
from prunekit.figures.distributions import distributions, distributions_table
from prunekit.figures.kernels import kernels, kernels_table
from prunekit.figures.layer_weights import layer_histogram, layer_histogram_table, layer_overlay
from prunekit.figures.ridgeline import OVERLAP, ridgeline
from prunekit.figures.unit_scores import unit_scores, unit_scores_table
from prunekit.records import Activation, Agreement, Histogram, Kernels, LayerWeights, UnitScores

MARKUP = "blocks.<b>0</b>.conv"
HISTOGRAM = Histogram(MARKUP, -1.0, 1.0, (2, 30, 60, 8), 100, 5)
HISTOGRAMS = (HISTOGRAM, Histogram("fc", -0.2, 0.2, (1, 3), 4, 0))
UNTOUCHED = LayerWeights(HISTOGRAM, HISTOGRAM, HISTOGRAM)
NARROWER = replace(HISTOGRAM, counts=(1, 10, 35, 4), n=50, zeros=3)  # half the channels are cut
SCORES = UnitScores(MARKUP, "l2", (3.0, 1.0, 2.0, 0.5, 4.0), kept=(0, 1), keep=(1,), drop=(4,), gone=(3,))
ACTIVATIONS = (Activation(MARKUP, "fc", 0.25, 8, 2, 100), Activation("stem", MARKUP, 0.5, 4, 0, 100))
AGREEMENT = Agreement(MARKUP, 16, ("l2", "l1", "random"), ((1.0, 0.8, None), (0.8, 1.0, -0.1), (None, -0.1, None)))
KERNELS = Kernels(
    MARKUP, 40, tuple((((i, 1.0), (2.0, 3.0)), ((4.0, -9.0), (5.0, 6.0))) for i in range(20)), (True, False) * 10
)

FIGURES = {
    "distributions": lambda: distributions((HISTOGRAM,)),
    "histogram": lambda: layer_histogram(replace(UNTOUCHED, threshold=0.3)),
    "overlay": lambda: layer_overlay(UNTOUCHED),
    "scores": lambda: unit_scores(SCORES, str.upper),
    "ridgeline": lambda: ridgeline(HISTOGRAMS),
    "activations": lambda: activations(ACTIVATIONS),
    "agreement": lambda: agreement(AGREEMENT, str.upper),
    "kernels": lambda: kernels(KERNELS),
}


@pytest.mark.parametrize("name", FIGURES)
def test_titles_ask_and_names_are_never_read_as_markup(name):
    made = FIGURES[name]()
    assert made.layout.title.text.endswith("?")
    drawn = made.to_plotly_json()
    for trace in drawn["data"]:
        trace.pop("customdata", None)  # never drawn: it says what was clicked
    assert "<b>" not in str(drawn)


@pytest.mark.parametrize(
    "made", [distributions(()), ridgeline(()), activations(()), agreement(Agreement("g", 4, (), ()), str.upper)]
)
def test_a_chart_of_nothing_says_what_to_do(made):
    assert len(made.layout.annotations[0].text) > 20
    assert made.data == ()


def test_a_row_of_the_distributions_holds_shares_of_the_layer():
    heat, marks = distributions((HISTOGRAM,), chosen=MARKUP).data
    assert list(heat.x) == [-0.75, -0.25, 0.25, 0.75]
    # 2, 30, 60 and 8 of 100 as powers of ten
    assert list(heat.z[0]) == [-1.70, -0.52, -0.22, -1.10]
    assert (list(marks.customdata), list(marks.marker.symbol)) == ([MARKUP], ["triangle-right"])
    assert marks.x[0] < heat.x[0] - 0.25  # before the cells, not on them


def test_rows_of_different_ranges_are_refused_and_empty_ones_stay_blank():
    empty = Histogram("empty", -1.0, 1.0, (0, 0, 0, 0), 0, 0)
    assert list(distributions((HISTOGRAM, empty)).data[0].z[1]) == [None] * 4
    with pytest.raises(ValueError, match="common range"):
        distributions((HISTOGRAM, replace(HISTOGRAM, low=-2.0, high=2.0)))


@pytest.mark.parametrize("draw", [distributions, ridgeline])
def test_a_hundred_and_fifty_layers_keep_a_line_of_text_each(draw):
    layers = [replace(HISTOGRAM, layer=f"stage{i // 10}.block{i % 10}.conv") for i in range(150)]
    made = draw(layers)
    assert 150 * 14 <= made.layout.height <= 150 * 14 + 200
    assert len(set(made.layout.yaxis.ticktext)) == 150


def test_ninety_percent_of_the_weights_lie_within_the_bins_that_hold_them():
    # 60 + 30 of 100 lie within ±0.5
    assert distributions_table((HISTOGRAM,))[0]["90 % within ±"] == 0.5


def bars(made):
    return {
        trace.name: [
            (x, width, base, y) for x, width, base, y in zip(trace.x, trace.width, trace.base, trace.y, strict=True)
        ]
        for trace in made.data
        if trace.type == "bar"
    }


def test_the_lines_of_a_cut_by_magnitude_divide_kept_from_removed():
    made = layer_histogram(replace(UNTOUCHED, threshold=0.5))
    assert bars(made) == {
        "kept": [(-0.75, 0.5, 0, 2), (0.75, 0.5, 0, 8)],
        "removed": [(-0.25, 0.5, 0, 30), (0.25, 0.5, 0, 60)],
    }
    assert [shape.x0 for shape in made.layout.shapes] == [-0.5, 0.5]


def test_a_bin_that_the_cut_runs_through_is_divided_there():
    made = layer_histogram(replace(UNTOUCHED, threshold=0.75))
    assert bars(made) == {
        "kept": [(-0.875, 0.25, 0, 2), (0.875, 0.25, 0, 8)],
        "removed": [(-0.625, 0.25, 0, 2), (-0.25, 0.5, 0, 30), (0.25, 0.5, 0, 60), (0.625, 0.25, 0, 8)],
    }


def test_weights_that_left_with_their_channels_stand_on_those_that_stay():
    made = layer_histogram(LayerWeights(HISTOGRAM, HISTOGRAM, NARROWER))
    assert bars(made) == {
        "kept": [(-0.75, 0.5, 0, 1), (-0.25, 0.5, 0, 10), (0.25, 0.5, 0, 35), (0.75, 0.5, 0, 4)],
        "removed": [(-0.75, 0.5, 1, 1), (-0.25, 0.5, 10, 20), (0.25, 0.5, 35, 25), (0.75, 0.5, 4, 4)],
    }
    assert made.layout.shapes == ()


def test_zeros_that_were_not_there_before_are_removed():
    zeroed = replace(HISTOGRAM, counts=(2, 10, 80, 8), zeros=45)  # 20 of one bin and 20 of the other, now in one
    assert bars(layer_histogram(LayerWeights(HISTOGRAM, HISTOGRAM, zeroed))) == {
        "kept": [(-0.75, 0.5, 0, 2), (-0.25, 0.5, 0, 10), (0.25, 0.5, 0, 40), (0.75, 0.5, 0, 8)],
        "removed": [(-0.25, 0.5, 10, 20), (0.25, 0.5, 40, 20)],
    }
    assert "removed" not in bars(layer_histogram(UNTOUCHED))


def test_the_overlay_shows_the_dense_outline_over_what_is_left():
    left, outline = layer_overlay(LayerWeights(HISTOGRAM, HISTOGRAM, NARROWER), logarithmic=True).data
    assert (list(left.y), list(outline.y)) == ([1, 10, 32, 4], [2, 30, 60, 8])  # three zeros are not drawn
    assert "without zeros" in left.name


def test_units_stand_in_order_of_their_scores_with_the_fate_of_each():
    made = unit_scores(SCORES, str.upper)
    assert made.layout.yaxis.title.text == "score by L2"
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in made.data}
    assert drawn == {
        "removed": ([2, 4], [2.0, 4.0]),
        "kept": ([1, 3], [1.0, 3.0]),
        "lost before": ([0], [0.5]),
        "dropped by hand": ([4], [4.0]),
        "kept by hand": ([1], [1.0]),
    }
    assert [list(trace.customdata) for trace in made.data[:3]] == [[2, 4], [1, 0], [3]]
    assert [shape.x0 for shape in made.layout.shapes] == [2.5]  # right of the last that its score removes


def test_without_a_cut_by_score_there_is_no_line():
    assert unit_scores(UnitScores("g", "l2", (3.0, 1.0), kept=(1,), drop=(0,)), str.upper).layout.shapes == ()


def test_ridges_stand_on_lines_of_their_own_and_reach_equally_high():
    (trace,) = ridgeline(HISTOGRAMS).data
    assert list(trace.x)[:7] == [-1.0, -0.75, -0.25, 0.25, 0.75, 1.0, None]
    first, second = list(trace.y)[:6], list(trace.y)[7:11]
    assert (first[0], first[-1], second[0], second[-1]) == (0, 0, -1, -1)
    assert max(first) == pytest.approx(OVERLAP)
    assert max(second) == pytest.approx(OVERLAP - 1)


def test_a_ridge_is_as_high_as_what_is_left_of_the_dense_one():
    ridge, outline = ridgeline([NARROWER], dense=[HISTOGRAM]).data
    # the right one of the bins at 0 has 60 − 5 dense weights that are not 0, and 35 − 3 are left
    assert list(ridge.y)[1:5] == [pytest.approx(OVERLAP * count / 55) for count in (1, 10, 32, 4)]
    assert max(list(outline.y)[:6]) == OVERLAP


def test_kernels_stand_in_a_grid_with_blanks_between():
    heat, marks = kernels(KERNELS).data
    # two inputs of two rows below each other and a blank line; eight images across, so three lines of them
    assert (len(heat.z), len(heat.z[0])) == (3 * 5 - 1, 8 * 3 - 1)
    assert [list(row[:3]) for row in heat.z[:5]] == [
        [0, 1.0, None], [2.0, 3.0, None], [4.0, -9.0, None], [5.0, 6.0, None], [None] * 3,
    ]  # fmt: skip
    assert list(heat.z[10][:2]) == [16, 1.0]
    assert list(heat.z[10][12:]) == [None] * (8 * 3 - 13)
    assert (heat.zmin, heat.zmax) == (-19, 19)
    assert (marks.x[17], marks.y[17], marks.customdata[17]) == (3.5, 11.5, "17")
    assert list(marks.marker.opacity[:2]) == [0, 1]
    assert "the first 20 of 40" in kernels(KERNELS).layout.title.text


def test_the_agreement_leaves_blank_what_has_no_rank():
    heat = agreement(AGREEMENT, str.upper).data[0]
    assert [list(row) for row in heat.z] == [[1.0, 0.8, None], [0.8, 1.0, -0.1], [None, -0.1, None]]
    assert list(heat.x) == list(heat.y) == ["L2", "L1", "RANDOM"]


def test_activations_are_percent_and_name_dead_channels():
    bar = activations(ACTIVATIONS).data[0]
    assert (list(bar.x), list(bar.text), list(bar.customdata)) == ([25, 50], ["2 always zero", ""], [MARKUP, "stem"])


def test_activations_show_the_dense_networks_beside():
    _, tick = activations(ACTIVATIONS, [replace(ACTIVATIONS[1], zeros=0.75)]).data
    assert (list(tick.x), list(tick.y)) == ([75], ["stem"])


@pytest.mark.parametrize(
    ("rows", "first", "n"),
    [
        (distributions_table((HISTOGRAM,)), {"layer": MARKUP, "weights": 100, "zeros": 5}, 1),
        (
            layer_histogram_table(LayerWeights(HISTOGRAM, HISTOGRAM, NARROWER)),
            {"from": -1.0, "to": -0.5, "dense": 2, "kept": 1, "removed": 1},
            4,
        ),
        (unit_scores_table(SCORES), {"unit": 3, "score": 0.5, "fate": "lost before", "by hand": ""}, 5),
        (activations_table(ACTIVATIONS), {"layer": MARKUP, "share of zeros": 0.25, "always zero": 2}, 2),
        (agreement_table(AGREEMENT), {"criterion": "l2", "other criterion": "l1", "rank correlation": 0.8}, 3),
        (kernels_table(KERNELS), {"channel": 0, "input": 0, "kept": True, "weights": "0 1 / 2 3"}, 40),
    ],
)
def test_every_chart_has_its_numbers_as_a_table(rows, first, n):
    assert first.items() <= rows[0].items()
    assert len(rows) == n
