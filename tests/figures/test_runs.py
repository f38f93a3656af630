from dataclasses import replace

import pytest

from prunekit.figures.difference import layers_table
from prunekit.figures.runs import runs_table
from prunekit.figures.tradeoff import tradeoff
from prunekit.pattern import Pattern
from prunekit.recipe import Recipe
from prunekit.records import Conditions, Cost, Layer, Reading, Run, Status

READING = Reading("accuracy", 0.9, 1000, 900, (0.88, 0.92), 0.3, 0.1, "validation", Status.MEASURED, "")
CUT = Run("a" * 12, "net", "m", Recipe(channels={"x": 0.5, "y": 0.25}), None, 0.0, Cost(10, 20, 40), (READING,))
UNDER = Conditions(1, 64, 7, "3.12", "2.9", "AVX2")
TRAINED = replace(
    CUT,
    id="b" * 12,
    parent=CUT.id,
    recipe=Recipe(
        base=CUT.id,
        weights={"u": 0.5, "v": Pattern("2:4")},
        bits={"u": 8, "v": 4},
        activation_bits=8,
        criterion="taylor",
        keep={"x": (1, 2)},
        drop={"y": (3,)},
        round_to={"x": 8, "y": 4},
        blocks=("late",),
        recalibrate=False,
    ),
    weights="b.safetensors",
    conditions=UNDER,
    readings=(),
    note="as hoped",
    created=86400.0,
)


def test_a_row_has_the_configuration_and_the_results_of_its_run():
    newest, oldest = runs_table((CUT, TRAINED), groups=3, layers=4, metric="accuracy", desk=CUT.id)
    assert (oldest["run"], oldest["on the desk"], oldest["kind"], oldest["parent"]) == (CUT.id, True, "cut", None)
    assert (oldest["accuracy, %"], oldest["low, %"], oldest["high, %"], oldest["samples"]) == (90, 88, 92, 1000)
    assert (oldest["parameters"], oldest["MACs"], oldest["FLOPs"], oldest["bytes"]) == (10, 20, 40, 40)
    assert oldest["channels cut, mean %"] == 25  # 75 over three groups, of which one is whole
    assert (newest["kind"], newest["base"], newest["note"]) == ("recovered", CUT.id, "as hoped")
    assert newest["weights zeroed, mean %"] == 25  # half of two of four layers
    assert newest["bits"] == "4 to 8, activations 8"
    assert newest["options"] == "without late; rounded to 4, 8; 3 chosen by hand; not recalibrated"
    assert (newest["training batch"], newest["seed"], newest["created (UTC)"]) == (64, 7, "1970-01-02 00:00:00")
    assert newest["accuracy, %"] is newest["speed-up"] is None


def test_a_cut_has_no_training_batch_whatever_it_was_measured_in():
    (row,) = runs_table((replace(CUT, conditions=UNDER),), 2, 2, "accuracy")
    assert (row["training batch"], row["seed"]) == (None, 0)
    assert list(row) == list(runs_table((TRAINED,), 2, 2, "accuracy")[0])


def test_layers_add_up_to_the_difference_of_both():
    layers = [Layer(name, "conv2d", name, (1,), 0, 0, name) for name in ("one", "two")]
    rows = layers_table(layers, [(8, 80), (4, 40)], [(6, 60), (4, 20)])
    assert [row["MACs, difference"] for row in rows] == [-20, -20, -40]
    assert [row["parameters, second"] for row in rows] == [6, 4, 10]


@pytest.mark.parametrize(("pair", "marks"), [((CUT.id, ""), ["compared: first"]), (("", ""), [])])
def test_the_chart_rings_the_runs_that_are_compared(pair, marks):
    drawn = tradeoff((CUT,), "params", pair=pair)
    rings = [trace for trace in drawn.data if (trace.name or "").startswith("compared")]
    assert [trace.name for trace in rings] == marks
    assert all((trace.x[0], trace.y[0]) == (10, 90) for trace in rings)
