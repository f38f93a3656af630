from dataclasses import dataclass, replace
from enum import StrEnum

import pytest

from prunekit.outside import checked
from prunekit.records import Point, Reading, Status
from prunekit.records.modes import Mode


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Row:
    name: str = "a"
    count: int | None = 3
    share: float = 0.5
    pair: tuple[float, float] | None = (0, 1.0)
    many: tuple[int, ...] = ()
    colour: Colour = Colour.RED
    table: dict[str, int] | None = None
    done: bool = False


@pytest.mark.parametrize(
    "change", [{}, {"count": None}, {"pair": None}, {"many": (1, 2)}, {"table": {"a": 1}}, {"share": 1}, {"done": True}]
)
def test_fields_of_their_kinds_pass(change):
    row = Row(**change)
    assert checked(row) is row


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", b"a"),
        ("count", "3"),
        ("count", True),
        ("count", 1 << 63),
        ("share", "half"),
        ("share", None),
        ("pair", (0.5,)),
        ("pair", (0.5, "x")),
        ("many", (1, "2")),
        ("many", [1]),
        ("colour", "red"),
        ("table", {"a": "1"}),
        ("table", {1: 1}),
        ("done", 1),
    ],
)
def test_the_field_of_another_kind_is_named(field, value):
    with pytest.raises(TypeError, match=f"^{field} cannot be "):
        checked(replace(Row(), **{field: value}))


def test_records_within_records_are_checked():
    reading = Reading("accuracy", 0.5, 4, 2, (0.1, 0.9), 1.0, None, "validation", Status.MEASURED, "0" * 16)
    assert checked(Point(Mode.CHANNELS, "conv1", 0.5, reading))
    with pytest.raises(TypeError, match="reading cannot be"):
        checked(Point(Mode.CHANNELS, "conv1", 0.5, 3))
