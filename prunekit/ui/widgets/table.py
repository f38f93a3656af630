"""Tables of plain values, each with its download as CSV; every chart has one beneath it."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from prunekit.ui.state.session import shown

ROW = 36
"""Pixels that a row of a table is high, and its header too."""

Rows = Sequence[Mapping[str, Any]]


def table(
    rows: Rows,
    name: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
    choose: Callable[[int], None] | None = None,
    height: int | None = None,
) -> None:
    """Draw rows as a table with a CSV download.

    Args:
        rows: one mapping from column to value for each row, all with the same columns.
        name: stem of the downloaded file; unique on the page.
        alt: what the table shows, for those who cannot see it.
        columns: Streamlit's configuration of columns that need one.
        choose: takes the number of a row that was selected; without it none can be.
        height: the most pixels that many rows may take; Streamlit's own for ``None``.
    """
    config = {**_counts(rows), **(columns or {})}
    key = f"table-{name}"
    st.dataframe(
        _alike(rows),
        hide_index=True,
        column_config=config,
        key=key,
        alt=alt,
        height="auto" if height is None or ROW * (len(rows) + 1) < height else height,
        on_select="ignore" if choose is None else lambda: _selected(key, choose),
        selection_mode="single-row",
    )
    st.download_button(
        "CSV",
        lambda: csv_text(rows),
        f"{name}.csv",
        "text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _selected(key: str, choose: Callable[[int], None]) -> None:
    rows = (shown(key) or {}).get("selection", {}).get("rows", [])
    if rows:
        choose(rows[0])
        st.rerun()


def _alike(rows: Rows) -> list[dict[str, Any]]:
    """Write columns that mix numbers with texts, switches or anything else as texts: a column has one type.

    Example:
        >>> _alike([{"first": None}, {"first": 0.5}, {"first": "x"}])
        [{'first': None}, {'first': '0.5'}, {'first': 'x'}]
        >>> _alike([{"first": 2}, {"first": 0.5}])
        [{'first': 2}, {'first': 0.5}]
    """
    names = rows[0] if rows else ()
    mixed = {name for name in names if len({_kind(row[name]) for row in rows if row[name] is not None}) > 1}
    return [
        {name: str(value) if name in mixed and value is not None else value for name, value in row.items()}
        for row in rows
    ]


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _counts(rows: Rows) -> dict[str, Any]:
    """Give columns of whole numbers separators between their thousands."""
    names = rows[0] if rows else ()
    whole = [name for name in names if all(type(row[name]) is int for row in rows)]
    return {name: st.column_config.NumberColumn(format="localized") for name in whole}


def csv_text(rows: Rows) -> str:
    r"""Write rows as CSV with a header.

    A text that a spreadsheet would take for a formula is given a quote in front.

    Example:
        >>> csv_text([{"layer": "conv1", "kept": 8}, {"layer": "=1+1", "kept": 3}])
        "layer,kept\r\nconv1,8\r\n'=1+1,3\r\n"
    """
    if not rows:
        return ""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
