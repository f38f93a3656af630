import math
from dataclasses import replace

import pytest

from prunekit.figures import comparison, criteria, layout, palette, ranking, recovery, sensitivity, structure
from prunekit.figures.bands import BANDS, band_of
from prunekit.records import Block, Epoch, Group, Layer, Loss, Mode, Point, Rank, Reading, Status

MARKUP = "blocks.<b>0</b>.$x$.%{y}.conv"
METRIC = "<b>score</b> $y$ %{x}"


def reading(value: float, kl: float = 0.1) -> Reading:
    return Reading(METRIC, value, 100, round(100 * value), (value - 0.02, value + 0.01), 0.3, kl, "validation",
                   Status.MEASURED, "r")  # fmt: skip


LAYERS = (
    Layer("stem", "conv2d", "stem.weight", (4, 3, 3, 3), 108, 1000, "stem"),
    Layer(MARKUP, "conv2d", "w", (4, 4, 1, 1), 16, 500, "stem"),
    Layer("head.fc", "linear", "head.fc.weight", (2, 4), 10, 8, "head.fc", "network output"),
)
GROUPS = (
    Group("stem", "channel", 4, ("stem", MARKUP), (), (), linked=f"tied by the addition of stem and {MARKUP}"),
    Group("head.fc", "channel", 2, ("head.fc",), (), (), "network output"),
)
POINTS = tuple(
    Point(Mode.CHANNELS, name, level, reading(value, kl))
    for name, level, value, kl in (("stem", 0.5, 0.9, 0.02), ("stem", 0.9, 0.4, 0.8), (MARKUP, 0.5, 0.95, 0.001))
)
RANKS = (
    Rank("stem", 4, 2, (1, 3), macs=0.2, params=0.1, half=Loss(2.5, (-0.5, 5.5), 192, Status.ESTIMATED), kl=0.02),
    Rank(MARKUP, 4, 1, (0, 1), Status.MEASURED, True, 0.1, 0.3, Loss(0.3, (0.3, 0.3), 1000, Status.MEASURED), 0.01),
    Rank("late", 8),
)
EPOCHS = (Epoch(10, 40, 0.25, 0.9), Epoch(40, 40, 1.0, 0.4, reading(0.93)))

FIGURES = {
    "heatmap": lambda: sensitivity.heatmap(POINTS, ("stem", MARKUP)),
    "curve": lambda: sensitivity.curve(POINTS, MARKUP, 0.97),
    "criteria": lambda: criteria.criteria({"l1": POINTS, "l2": POINTS[:1]}, MARKUP, str),
    "learning": lambda: recovery.learning_curve(EPOCHS, reading(0.2), reading(0.98)),
    "treemap": lambda: structure.treemap(LAYERS),
    "diagram": lambda: structure.diagram(LAYERS, GROUPS, (("stem", MARKUP),), (Block("b", (MARKUP,)),)),
    "comparison": lambda: comparison.per_layer(LAYERS, ((54, 500), (8, 250), (6, 4))),
}


@pytest.mark.parametrize("name", FIGURES)
def test_titles_ask_and_names_are_never_read_as_markup(name):
    made = FIGURES[name]()
    assert made.layout.title.text.endswith("?")
    drawn = made.to_plotly_json()
    for trace in drawn["data"]:
        trace.pop("customdata", None)  # never drawn: it says what was clicked
        trace.pop("ids", None)
        trace.pop("parents", None)
    assert "<b>" not in str(drawn)
    assert "$" not in str(drawn)
    assert ".%{y}." not in str(drawn)
    assert "&#36; %{x}" not in str(drawn)


@pytest.mark.parametrize(
    "made",
    [
        sensitivity.heatmap((), ("stem",)),
        sensitivity.curve((), "stem"),
        criteria.criteria({}, "stem", str),
        recovery.learning_curve(()),
        structure.treemap(()),
        structure.diagram((), (), ()),
        comparison.per_layer((), ()),
    ],
)
def test_a_chart_of_nothing_says_what_to_do(made):
    assert len(made.layout.annotations[0].text) > 20
    assert made.data == ()


def test_the_heatmap_leaves_unmeasured_cells_blank():
    heat = sensitivity.heatmap(POINTS, ("stem", MARKUP)).data[0]
    assert list(heat.z[0]) == [math.log10(0.02), math.log10(0.8)]
    assert list(heat.z[1]) == [-3.0, None]


def test_points_lost_are_drawn_in_the_colours_of_their_bands():
    heat = sensitivity.heatmap(POINTS, ("stem", MARKUP), "metric", dense=0.97).data[0]
    drawn = {colour for _, colour in heat.colorscale}
    assert drawn == {band.colour for band in BANDS}

    def colour(z: float) -> str:
        place = (z - heat.zmin) / (heat.zmax - heat.zmin)
        return [named for start, named in heat.colorscale if start <= place][-1]

    assert [colour(z) for z in heat.z[0]] == [band_of(7).colour, band_of(57).colour]
    assert colour(heat.z[1][0]) == band_of(2).colour
    assert list(heat.colorbar.ticktext) == [f"{band.name}:<br>{band.label}" for band in BANDS]
    assert [colour(z) for z in heat.colorbar.tickvals] == [band.colour for band in BANDS]


def test_the_curve_says_how_far_a_layer_is_safe_and_costly():
    made = sensitivity.curve(POINTS, "stem", 0.97)  # 7 points at 50 %, 57 at 90 %
    # One point on the straight line from nothing to 7 points at 50 %, and five.
    assert "safe to 7 %, costly to 36 %, harmful beyond" in made.layout.xaxis.title.text
    spans = [(round(shape.x0, 1), round(shape.x1, 1), shape.fillcolor) for shape in made.layout.shapes]
    assert spans == [(0, 7.1, BANDS[0].colour), (7.1, 35.7, BANDS[1].colour), (35.7, 90, BANDS[2].colour)]


def test_the_heatmap_leaves_cells_blank_where_nothing_is_removed():
    points = [at("one", 0.0), at("dead", 0.0)]
    assert list(sensitivity.heatmap(points, ("one", "dead")).data[0].z) == [[None], [None]]
    counted = sensitivity.heatmap(points, ("one", "dead"), units={"one": 1, "dead": 4}).data[0]
    assert list(counted.z) == [[None], [-4.0]]


def test_marks_to_click_cover_no_cell():
    made = sensitivity.heatmap(POINTS, ("stem", MARKUP))
    heat, marks = made.data
    assert set(marks.x).isdisjoint(heat.x)
    assert list(marks.customdata) == ["stem", MARKUP]
    assert list(made.layout.xaxis.categoryarray) == [*set(marks.x), *heat.x]


def test_protected_groups_are_named_below_with_their_reasons():
    protected = {"fc": "network output", "b": "x", "c": "y", "d": "z"}
    made = sensitivity.heatmap(POINTS, ("stem", MARKUP), protected=protected)
    assert made.layout.xaxis.title.text.endswith("<br>protected: fc (network output), b (x), c (y) and 1 more")


def test_the_table_of_a_scan_follows_the_order_it_is_told():
    points = [at("conv10", 0.1), at("conv9", 0.1, 0.7), at("conv9", 0.1, 0.2), at("else", 0.1)]
    rows = sensitivity.table(points, ("conv9", "conv10"))
    assert [(row["name"], row["sparsity"]) for row in rows] == [
        ("conv9", 0.2), ("conv9", 0.7), ("conv10", 0.5), ("else", 0.5)]  # fmt: skip


def test_the_curve_shows_value_and_interval():
    band, line, marks = sensitivity.curve(POINTS, "stem").data
    assert list(line.y) == list(marks.y) == [90.0, 40.0]
    assert marks.name == "measured on 100 samples"
    assert [round(v, 6) for v in band.y] == [91.0, 41.0, 38.0, 88.0]


def vague(name: str, level: float, status: Status, interval: tuple[float, float] | None = None, n: int = 64) -> Point:
    return Point(Mode.CHANNELS, name, level, replace(reading(0.8), status=status, interval=interval, n=n))


MIXED = (
    vague("stem", 0.1, Status.ESTIMATED, (0.79, 0.81), 64),
    vague("stem", 0.3, Status.ESTIMATED, (0.78, 0.82), 96),
    vague("stem", 0.5, Status.INTERPOLATED),
    vague("stem", 0.7, Status.MEASURED, (0.77, 0.83), 1000),
    vague("stem", 0.9, Status.ESTIMATED),
)


def test_what_is_interpolated_or_a_first_look_has_no_interval_and_its_own_mark():
    band, line, measured, estimated, interpolated, look = sensitivity.curve(MIXED, "stem").data
    assert [v if v is None else round(v, 6) for v in band.y] == [81.0, 82.0, 78.0, 79.0, None, 83.0, 77.0]
    assert [list(trace.x) for trace in (measured, estimated, interpolated, look)] == [[70], [10, 30], [50], [90]]
    assert estimated.name == "estimated on 64 to 96 samples"
    assert len({trace.marker.symbol for trace in (measured, estimated, interpolated, look)}) == 4
    assert list(line.x) == [10, 30, 50, 70, 90]


def test_the_heatmap_marks_the_cells_that_have_no_interval():
    _, _, interpolated, look = sensitivity.heatmap(MIXED, ("stem",)).data
    assert [list(interpolated.x), list(look.x)] == [["50"], ["90"]]
    assert set(interpolated.customdata) == {"stem"}  # a click on it opens the row, too
    assert [row["status"] for row in sensitivity.table(MIXED)] == [
        "estimated", "estimated", "interpolated, no interval", "measured", "first look"]  # fmt: skip


def test_the_ranking_is_a_table_of_comparable_numbers_with_words_for_how_each_is_known():
    first, second, third = ranking.ranking_table(RANKS, Mode.CHANNELS, {"stem": (MARKUP,)})
    assert (first["layer"], first["can go, %"], first["from–to, %"]) == ("stem", 50, "25 to 75")
    assert (first["frees MACs, %"], first["frees params, %"]) == (20, 10)
    assert (first["half loses, points"], first["from–to, points"], first["half is"]) == (2.5, "−0.5 to 5.5", "costly")
    assert (first["share known by"], first["loss known by"]) == ("interpolated", "estimated, 192 samples")
    assert first["also cuts"] == MARKUP
    assert (second["can go, %"], second["from–to, %"]) == (25, "0 or more")
    assert (second["from–to, points"], second["loss known by"]) == ("exactly 0.3", "measured, 1,000 samples")
    assert (third["can go, %"], third["half is"], third["share known by"]) == (None, None, "not measured yet")
    zeroed, *_ = ranking.ranking_table(RANKS, Mode.WEIGHTS)
    assert zeroed["zeroes params, %"] == 10
    assert not [column for column in zeroed if "MACs" in column]


def test_criteria_are_compared_where_all_of_them_know_something():
    scans = {
        "l2": [at("a", 0.1, 0.1), at("a", 0.9, 0.5), at("b", 9.0)],
        "l1": [at("a", 0.1, 0.1), at("a", 0.4, 0.5), at("a", 8.0, 0.9)],
        "random": [at("b", 0.1)],
    }
    means = criteria.mean_harms(scans, "a")
    assert list(means) == ["l1", "l2"]
    assert means == pytest.approx({"l1": 0.2, "l2": 0.3})
    assert [list(trace.x) for trace in criteria.criteria(scans, "a", str).data] == [[10, 50], [10, 50, 90]]
    assert len(criteria.criteria_table(scans, "a")) == 5


def at(name: str, kl: float | None, level: float = 0.5) -> Point:
    return Point(Mode.CHANNELS, name, level, replace(reading(0.9), kl=kl))


def test_the_axis_of_a_recovery_holds_all_epochs_from_the_start():
    records = [Epoch(step, 80, step / 40, 0.9) for step in (1, 10, 80)]
    ranges = {recovery.learning_curve(records[: i + 1]).layout.xaxis.range for i in range(3)}
    assert len(ranges) == 1
    low, high = ranges.pop()
    assert low < 0 < 2 < high < 2.1


def test_the_loss_is_not_drawn_as_removed():
    assert recovery.learning_curve(EPOCHS).data[0].line.color != palette.REMOVED


def test_the_treemap_adds_up():
    tree = structure.treemap(LAYERS).data[0]
    values = dict(zip(tree.ids, tree.values, strict=True))
    assert values["net"] == 108 + 16 + 10
    assert values["net/head"] == values["net/head/fc"] == 10


def test_before_and_after_add_up_to_the_dense_layer():
    kept, removed = comparison.per_layer(LAYERS, ((54, 500), (8, 250), (6, 4)), "macs").data
    assert [a + b for a, b in zip(kept.x, removed.x, strict=True)] == [1000, 500, 8]


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        (sensitivity.table(POINTS), {"sparsity": 0.5, "samples": 100, "status": "measured"}),
        (recovery.learning_table(EPOCHS), {"step": 10, "training loss": 0.9, "validation": None}),
        (structure.layers_table(LAYERS), {"layer": "stem", "shape": "4 × 3 × 3 × 3", "protected": ""}),
        (structure.groups_table(GROUPS), {"group": "stem", "can be cut": "yes", "because": "", "checked": ""}),
        (comparison.per_layer_table(LAYERS, ((1, 2),) * 3), {"parameters dense": 108, "parameters now": 1}),
    ],
)
def test_every_chart_has_its_numbers_as_a_table(rows, first):
    assert first.items() <= rows[0].items()


def test_long_names_are_shortened_in_the_middle():
    assert layout.short("a" * 40 + "b" * 40, 21) == "a" * 10 + "…" + "b" * 10


def test_a_step_knows_its_share_of_all_rounds_and_what_was_done_before_its_epoch():
    # The 30th of 40 steps in four epochs of ten, in the second of two rounds: 70 of 80; its epoch began at 60.
    late = Epoch(30, 40, 3.0, 0.1, round=2, rounds=2)
    assert (late.share, late.begun) == (pytest.approx(70 / 80), pytest.approx(60 / 80))
    assert Epoch(5, 40, 0.5, 0.1).begun == pytest.approx(0.0)
    assert Epoch(34, 40, 3.4, 0.1).begun == pytest.approx(30 / 40)
