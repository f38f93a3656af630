from dataclasses import replace

from prunekit.figures.plan import SYMBOLS, plan_chart, plan_table
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Cost, Mode, Outline, Reading, Status

DENSE = Cost(params=1000, macs=2000, bytes=4000)
OUTLINE = Outline(Mode.CHANNELS, (("macs", 1000),), 0.05, "macs", (), (), 0.01, 9, 0, 100, 5)


def reading(value: float) -> Reading:
    return Reading("accuracy", value, 100, round(100 * value), (value - 0.02, value + 0.01), 0.3, 0.1, "validation",
                   Status.MEASURED, "r")  # fmt: skip


def candidate(name: str, macs: int, value: float, misses: tuple[str, ...] = ()) -> Candidate:
    recipe = Recipe(channels={"conv": macs / 2000})
    return Candidate(name, recipe, Cost(600, macs, 2400), 550, reading(value), misses)


FOUND = (
    candidate("uniform", 1000, 0.7, ("it loses 20.0 points of accuracy, 5 are allowed",)),
    candidate("exchange", 990, 0.88),
)
OWN = (DENSE, reading(0.9))


def marks(made):
    return {trace.name: trace for trace in made.data if trace.customdata is not None}


def test_candidates_stand_at_their_share_and_value_with_their_intervals():
    drawn = marks(plan_chart(FOUND, OUTLINE, OWN, FOUND[1]))
    assert [(list(t.x), list(t.y)) for t in drawn.values()] == [([50.0], [70.0]), ([49.5], [88.0])]
    assert [round(drawn["exchange"].error_y[side][0], 6) for side in ("array", "arrayminus")] == [1.0, 2.0]
    assert list(drawn["exchange"].customdata) == [FOUND[1].recipe.digest]


def test_what_misses_a_target_is_open_and_says_so():
    made = plan_chart(FOUND, OUTLINE, OWN, FOUND[1])
    drawn = marks(made)
    assert list(drawn["uniform"].marker.symbol) == [f"{SYMBOLS['uniform']}-open"]
    assert list(drawn["exchange"].marker.symbol) == [SYMBOLS["exchange"]]
    assert "it loses 20.0 points" in drawn["uniform"].hovertext[0]
    legend = [trace.name for trace in made.data if trace.showlegend is not False]
    assert legend == ["uniform", "exchange", "open: misses a target", "best"]
    assert "open: misses a target" not in [trace.name for trace in plan_chart(FOUND[1:], OUTLINE, OWN).data]


def test_the_bounds_are_what_was_asked_and_a_hair_is_not_a_mile():
    made = plan_chart(FOUND, OUTLINE, OWN)
    lines = [(s.x0, s.x1) if s.x0 == s.x1 else (s.y0, s.y1) for s in made.layout.shapes]
    assert [tuple(round(end, 6) for end in line) for line in lines] == [(50.0, 50.0), (90.0, 90.0), (85.0, 85.0)]
    low, high = made.layout.xaxis.range
    assert high - low >= 10
    assert low < 49.5
    assert high > 50


def test_zeroed_weights_are_counted_by_what_is_not_zero():
    outline = replace(OUTLINE, mode=Mode.WEIGHTS, limits=(("params", 600),), resource="params", loss=None)
    made = plan_chart(FOUND[1:], outline, OWN)
    assert list(marks(made)["exchange"].x) == [55.0]
    assert made.layout.title.text == "Which candidate keeps the most accuracy for its parameters?"


def test_the_table_holds_what_the_chart_shows():
    rows = plan_table(FOUND, OUTLINE, OWN, FOUND[1])
    assert [(row["candidate"], row["selected"], row["MACs left"], row["lost, points"]) for row in rows] == [
        ("uniform", "", 0.5, 20.0),
        ("exchange", "best", 0.495, 2.0),
    ]
    assert rows[0]["misses"].startswith("it loses")


def test_without_candidates_the_chart_says_so():
    assert "No candidate was measured yet." in plan_chart((), OUTLINE, OWN).layout.annotations[0].text
