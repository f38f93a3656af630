"""Charts of weights beyond the histogram: ridges, kernels, agreement of criteria, activations."""

import pytest

from prunekit.figures.activations import activations, activations_table
from prunekit.figures.agreement import agreement, agreement_table
from prunekit.figures.kernels import ACROSS, kernels, kernels_table
from prunekit.figures.ridgeline import OVERLAP, ridgeline
from prunekit.records import Activation, Agreement, Histogram, Kernels

MARKUP = "blocks.<b>0</b>.conv"
HISTOGRAMS = (Histogram(MARKUP, -1.0, 1.0, (2, 30, 60, 8), 100, 5), Histogram("fc", -0.2, 0.2, (1, 3), 4, 0))
ACTIVATIONS = (Activation(MARKUP, "fc", 0.25, 8, 2, 100), Activation("stem", MARKUP, 0.5, 4, 0, 100))
AGREEMENT = Agreement(MARKUP, 16, ("l2", "l1", "random"), ((1.0, 0.8, None), (0.8, 1.0, -0.1), (None, -0.1, None)))
KERNELS = Kernels(
    MARKUP, 40, tuple((((i, 1.0), (2.0, 3.0)), ((4.0, -9.0), (5.0, 6.0))) for i in range(20)), (True, False) * 10
)

FIGURES = {
    "ridgeline": lambda: ridgeline(HISTOGRAMS),
    "activations": lambda: activations(ACTIVATIONS),
    "agreement": lambda: agreement(AGREEMENT),
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


@pytest.mark.parametrize("made", [ridgeline(()), activations(()), agreement(Agreement("g", 4, (), ()))])
def test_a_chart_of_nothing_says_what_to_do(made):
    assert len(made.layout.annotations[0].text) > 20
    assert made.data == ()


def test_ridges_stand_on_lines_of_their_own_and_reach_equally_high():
    (trace,) = ridgeline(HISTOGRAMS).data
    assert list(trace.x)[:7] == [-1.0, -0.75, -0.25, 0.25, 0.75, 1.0, None]
    first, second = list(trace.y)[:6], list(trace.y)[7:11]
    assert (first[0], first[-1], second[0], second[-1]) == (0, 0, -1, -1)
    assert max(first) == pytest.approx(OVERLAP)
    assert max(second) == pytest.approx(OVERLAP - 1)


def test_kernels_stand_in_a_grid_with_blanks_between():
    heat, marks = kernels(KERNELS).data
    # two inputs of two rows below each other and a blank line; sixteen images across
    assert (len(heat.z), len(heat.z[0])) == (2 * 5 - 1, ACROSS * 3 - 1)
    assert [list(row[:3]) for row in heat.z[:5]] == [
        [0, 1.0, None], [2.0, 3.0, None], [4.0, -9.0, None], [5.0, 6.0, None], [None] * 3,
    ]  # fmt: skip
    assert list(heat.z[5][:2]) == [16, 1.0]
    assert list(heat.z[5][12:]) == [None] * (ACROSS * 3 - 13)
    assert (heat.zmin, heat.zmax) == (-19, 19)
    assert (marks.x[17], marks.y[17], marks.customdata[17]) == (3.5, 6.5, "17")
    assert list(marks.marker.opacity[:2]) == [0, 1]
    assert "the first 20 of 40" in kernels(KERNELS).layout.title.text


def test_the_agreement_leaves_blank_what_has_no_rank():
    heat = agreement(AGREEMENT).data[0]
    assert [list(row) for row in heat.z] == [[1.0, 0.8, None], [0.8, 1.0, -0.1], [None, -0.1, None]]


def test_activations_are_percent_and_name_dead_channels():
    bar = activations(ACTIVATIONS).data[0]
    assert (list(bar.x), list(bar.text), list(bar.customdata)) == ([25, 50], ["2 always zero", ""], [MARKUP, "stem"])


@pytest.mark.parametrize(
    ("rows", "first", "n"),
    [
        (activations_table(ACTIVATIONS), {"layer": MARKUP, "share of zeros": 0.25, "always zero": 2}, 2),
        (agreement_table(AGREEMENT), {"criterion": "l2", "other criterion": "l1", "rank correlation": 0.8}, 3),
        (kernels_table(KERNELS), {"channel": 0, "input": 0, "kept": True, "weights": "0 1 / 2 3"}, 40),
    ],
)
def test_every_chart_has_its_numbers_as_a_table(rows, first, n):
    assert first.items() <= rows[0].items()
    assert len(rows) == n
