from dataclasses import replace

import pytest

from prunekit.figures import difference
from prunekit.records import Change, Comparison, Cost, Evaluation, Flip, Reading, Status

MARKUP = "cat <b>0</b>"


def evaluation(value, per_class):
    reading = Reading("accuracy", value, 100, round(100 * value), None, 0.3, 0.1, "validation", Status.MEASURED, "r",
                      per_class)  # fmt: skip
    return Evaluation(reading, Cost(100, 1000, 400))


FOUND = Comparison(
    a=None,
    b="b",
    changes=(Change("channels", "stem", 0.0, 0.5),),
    evaluations=(evaluation(0.9, (0.75, 1.0, float("nan"))), evaluation(0.8, (1.0, 0.5, float("nan")))),
    classes=(MARKUP, "dog", "never seen"),
    flips=(Flip(3, 0, 1, 0), Flip(7, 1, 1, 0), Flip(9, 2, 0, 1)),
)
REMOVED = replace(FOUND, changes=(Change("blocks", "", [], ["layer1.0", "layer2.1"]),))


def test_classes_are_joined_side_to_side_with_the_worst_loss_on_top():
    line, first, second = difference.per_class(FOUND, "dense", MARKUP).data
    assert list(first.y) == ["dog", "cat &lt;b&gt;0&lt;/b&gt;"]
    assert (list(first.x), list(second.x)) == ([100, 75], [50, 100])
    assert list(line.x) == [100, 50, None, 75, 100, None]
    assert first.marker.symbol != second.marker.symbol


def test_the_title_asks_and_names_are_never_read_as_markup():
    made = difference.per_class(FOUND, MARKUP, "b")
    assert made.layout.title.text.endswith("?")
    assert "<b>" not in str(made.to_plotly_json())


def test_bars_are_joined_side_to_side_with_the_largest_difference_on_top():
    changes = (
        Change("channels", "stem", 0.5, 0.25),
        Change("weights", MARKUP, 0.0, 0.75),
        Change("keep", "stem", [1], None),
        Change("criterion", "", "l1", "l2"),
    )
    made = difference.bars(replace(FOUND, changes=changes), "a", "b")
    _, first, second = made.data
    assert list(first.y) == ["cat &lt;b&gt;0&lt;/b&gt; (weights)", "stem"]
    assert (list(first.x), list(second.x)) == ([0, 50], [75, 25])
    assert made.layout.title.text.endswith("?")
    assert difference.bars(replace(FOUND, changes=changes[2:])).data == ()


def test_nothing_to_draw_says_what_to_do():
    made = difference.per_class(replace(FOUND, evaluations=(evaluation(0.9, ()), evaluation(0.8, ()))))
    assert len(made.layout.annotations[0].text) > 20
    assert made.data == ()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (difference.per_class_table(FOUND)[1], {"class": "dog", "first": 1.0, "second": 0.5, "gain": -0.5}),
        (difference.changes_table(FOUND)[0], {"what": "channels", "name": "stem", "first": 0.0, "second": 0.5}),
        (difference.changes_table(REMOVED)[0], {"what": "blocks", "first": "none", "second": "layer1.0, layer2.1"}),
        (difference.readings_table(FOUND)[0], {"figure": "accuracy", "first": 0.9, "second": 0.8}),
        (difference.flips_table(FOUND)[0], {"sample": 3, "first": "dog", "second": MARKUP, "right": "second"}),
        (difference.flips_table(FOUND)[1], {"class": "dog", "right": "first"}),
        (difference.flips_table(FOUND)[2], {"class": "never seen", "right": "neither"}),
    ],
)
def test_tables(rows, expected):
    assert expected.items() <= rows.items()


def test_what_was_counted_agrees_with_the_flips():
    assert (FOUND.fixed, FOUND.broken) == (1, 1)
