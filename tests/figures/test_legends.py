"""A legend names what is drawn, in the look that it is drawn in, and nothing else."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.figures import test_figures, test_history, test_weight_charts

FIGURES = {**test_figures.FIGURES, **test_history.FIGURES, **test_weight_charts.FIGURES}


def values(of: Any) -> list[Any]:
    return [] if of is None else list(np.asarray(of, dtype=object).ravel())


def is_sign(trace: Any) -> bool:
    """Whether a trace stands in the legend only: it has one point, which is nowhere."""
    return trace.type == "scatter" and values(trace.x) == [None]


def looks(trace: Any) -> Iterator[tuple[str, str]]:
    """The looks of a trace's marks: their symbols and colours; a colour that is a value stands for any."""
    marker = trace.marker
    symbols, colours = values(marker.symbol) or ["circle"], values(marker.color) or [""]
    for symbol in symbols:
        for colour in colours:
            yield str(symbol), str(colour) if isinstance(colour, str) and marker.coloraxis is None else "any"


@pytest.mark.parametrize("name", FIGURES)
def test_every_sign_of_a_legend_is_drawn_as_it_looks(name):
    made = FIGURES[name]()
    signs = [trace for trace in made.data if is_sign(trace)]
    drawn = {look for trace in made.data if trace.type == "scatter" and not is_sign(trace) for look in looks(trace)}
    for sign in signs:
        symbol, colour = next(looks(sign))
        assert {(symbol, colour), (symbol, "any")} & drawn, f"{sign.name}: {symbol} in {colour} is not drawn"


@pytest.mark.parametrize("name", FIGURES)
def test_what_a_legend_names_is_there_once(name):
    made = FIGURES[name]()
    if not made.layout.showlegend:
        return
    named = [trace for trace in made.data if trace.showlegend is not False]
    names = [trace.name for trace in named]
    assert all(names), "a mark without a name"
    assert len({*names}) == len(names)
    for trace in named:
        points = values(trace.y if trace.type == "bar" else trace.x)
        assert is_sign(trace) or any(point is not None for point in points), f"{trace.name} is named and not drawn"
    groups = {trace.legendgroup for trace in made.data if trace.showlegend is False and trace.legendgroup}
    assert groups <= {*names}
