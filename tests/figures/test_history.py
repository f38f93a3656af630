import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.figures import history, tradeoff
from prunekit.figures.tradeoff import pareto
from prunekit.recipe import Recipe
from prunekit.records import Cost, Latency, Node, Reading, Run, Status, Timing

MARKUP = "half <b>0</b>"
TIMING = Timing(1.0, (0.9, 1.1), 1.0, (0.9, 1.1))


def reading(value, split="validation"):
    return Reading("accuracy", value, 100, round(100 * value), (value - 0.02, value + 0.01), 0.3, 0.1, split,
                   Status.MEASURED, "r")  # fmt: skip


def run(name, params, value, parent=None, **changes):
    fields = {"readings": (reading(value),), **changes}
    return Run(name, "tiny", "feed", Recipe(), parent, 1_700_000_000.0, Cost(params, 10 * params, 4 * params), **fields)


def timed(speedup, low, high, batch=1, threads=1):
    return Latency("r", batch, threads, 40, TIMING, TIMING, "cpu", speedup, (low, high))


RUNS = (
    run("a", 80, 0.95, label=MARKUP, latencies=(timed(1.25, 1.0, 2.0), timed(9.0, 8.0, 10.0, 8))),
    run("b", 50, 0.9, "a", starred=True),
    run("c", 60, 0.85, "a", weights="c.safetensors", latencies=(timed(2.0, 1.6, 2.5),)),
    run("d", 40, 0.0, "b", readings=(reading(0.8, "test"),)),
)
NODES = tuple(Node(r, depth, lane) for r, depth, lane in zip(RUNS, (1, 2, 2, 3), (0, 0, 1, 0), strict=True))
DENSE = (Cost(100, 1000, 400), reading(0.96))

FIGURES = {
    "tree": lambda: history.tree(NODES, "b"),
    "params": lambda: tradeoff.tradeoff(RUNS, "params", dense=DENSE, head="a"),
    "macs": lambda: tradeoff.tradeoff(RUNS, "macs"),
    "latency": lambda: tradeoff.tradeoff(RUNS, "latency", dense=DENSE),
}


@pytest.mark.parametrize("name", FIGURES)
def test_titles_ask_and_names_are_never_read_as_markup(name):
    made = FIGURES[name]()
    assert made.layout.title.text.endswith("?")
    assert "<b>" not in str(made.to_plotly_json())


@pytest.mark.parametrize(
    "made",
    [
        history.tree(()),
        tradeoff.tradeoff((), dense=DENSE),
        tradeoff.tradeoff(RUNS[1:2], "latency", dense=DENSE),
        tradeoff.tradeoff(RUNS[3:], "bytes"),
    ],
)
def test_a_chart_of_nothing_says_what_to_do(made):
    assert len(made.layout.annotations[0].text) > 20
    assert made.data == ()


def traces(made):
    return {trace.name: trace for trace in made.data if trace.name}


def test_the_front_has_its_own_colour_and_shape_and_every_mark_its_run():
    found = traces(tradeoff.tradeoff(RUNS, "params", dense=DENSE, head="a"))
    best, beaten, dense = (
        found[name] for name in ("on the Pareto front", "another run is better", "the task's own network")
    )
    assert (list(best.customdata), list(beaten.customdata)) == (["a", "b"], ["c"])
    assert (list(best.x), list(best.y)) == ([80, 50], [95, 90])
    assert [round(v, 9) for v in [*best.error_y.array, *best.error_y.arrayminus]] == [1, 1, 2, 2]
    assert best.marker.symbol != beaten.marker.symbol
    assert best.marker.color != beaten.marker.color
    assert (list(dense.x), list(dense.customdata)) == ([100], [""])
    assert (list(found["on the desk"].x), list(found["on the desk"].y)) == ([80], [95])


def test_latency_is_a_share_of_the_dense_networks_with_its_interval():
    best = traces(tradeoff.tradeoff(RUNS, "latency", dense=DENSE))["on the Pareto front"]
    assert list(best.customdata) == ["a", "c"]
    assert list(best.x) == [80, 50]
    assert [round(v, 9) for v in [*best.error_x.array, *best.error_x.arrayminus]] == [20, 12.5, 30, 10]
    only = traces(tradeoff.tradeoff(RUNS, "latency", batch=8))["on the Pareto front"]
    assert list(only.customdata) == ["a"]


def test_intervals_give_way_where_runs_crowd():
    crowd = tuple(run(f"r{i}", 100 + i, 0.5) for i in range(150))
    found = traces(tradeoff.tradeoff((*crowd, *RUNS), "params"))
    assert found["another run is better"].error_y.array is None
    assert len(found["another run is better"].x) == 151  # c is beaten as well
    assert found["on the Pareto front"].error_y.visible


def test_a_tree_with_runs_left_out_says_so_at_its_axis():
    whole, part = history.tree(NODES), history.tree(NODES, is_whole=False)
    assert part.layout.xaxis.title.text == f"{whole.layout.xaxis.title.text}, of the runs shown"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_the_front_is_what_nothing_beats(points):
    def beats(p, q):
        return p[0] <= q[0] and p[1] >= q[1] and p != q

    assert pareto(points) == tuple(not any(beats(other, point) for other in points) for point in points)


def test_the_tree_joins_every_run_to_its_parent():
    made = history.tree(NODES, "c")
    line, found = made.data[0], traces(made)
    assert list(zip(line.x, line.y, strict=True)) == [
        (0, 0), (0, 0), (1, 0), (None, None),
        (1, 0), (1, 0), (2, 0), (None, None),
        (1, 0), (1, 1), (2, 1), (None, None),
        (2, 0), (2, 0), (3, 0), (None, None),
    ]  # fmt: skip
    kinds = {trace.legendgroup: trace for trace in made.data if trace.customdata is not None}
    assert {name: list(trace.customdata) for name, trace in kinds.items()} == {
        "cut": ["a", "b"],
        "recovered": ["c"],
        "not measured": ["d"],
    }
    assert len({trace.marker.symbol for trace in kinds.values()}) == 3
    assert all(found[name].marker.symbol == trace.marker.symbol for name, trace in kinds.items())
    assert list(kinds["cut"].marker.color) == [95, 90]
    assert list(kinds["cut"].text) == ["half &lt;b&gt;0&lt;/b&gt;", "★ run b"]
    assert (list(found["on the desk"].x), list(found["on the desk"].y)) == ([2], [1])
    root = traces(history.tree(NODES))["on the desk"]
    assert (list(root.x), list(root.y)) == ([0], [0])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (history.tree_table(NODES)[1],
         {"run": "b", "parent": "a", "starred": True, "recovered": False, "accuracy": 0.9, "parameters": 50, "depth": 2,
          "created (UTC)": "2023-11-14 22:13:20"}),
        (history.tree_table(NODES)[3], {"run": "d", "metric": None, "samples": None}),
        (tradeoff.tradeoff_table(RUNS, dense=DENSE)[0],
         {"run": "a", "name": MARKUP, "MACs": 800, "speed-up": 1.25,
          "speed-up verdict": "no significant difference beyond 2 %",
          "on the front of": "parameters, MACs, bytes, latency"}),
        (tradeoff.tradeoff_table(RUNS)[2], {"run": "c", "speed-up verdict": "faster", "on the front of": "latency"}),
        (tradeoff.tradeoff_table(RUNS)[1], {"speed-up": None, "on the front of": "parameters, MACs, bytes"}),
    ],
)  # fmt: skip
def test_every_chart_has_its_numbers_as_a_table(row, expected):
    assert expected.items() <= row.items()
