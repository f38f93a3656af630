import pytest

from prunekit.ui.widgets.chart import clicked


@pytest.mark.parametrize(
    ("mark", "expected"),
    [("conv1", "conv1"), (0, "0"), (7, "7"), ([0], "0"), ("", ""), (None, None), ([], None)],
)
def test_whatever_names_a_mark_can_be_clicked_nought_as_well(mark, expected):
    assert clicked({"selection": {"points": [{"customdata": mark}]}}) == expected


@pytest.mark.parametrize("state", [None, {}, {"selection": {"points": []}}, {"selection": {"points": [{}]}}])
def test_a_selection_of_nothing_is_no_click(state):
    assert clicked(state) is None
