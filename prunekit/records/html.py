"""Tables that a notebook shows in place of a record."""

from collections.abc import Iterable
from html import escape


def table(caption: str, rows: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """Write names and values as an HTML table.

    Args:
        caption: what stands above it.
        rows: names with their values.
        notes: sentences that stand below it.

    Example:
        >>> table("a < b", [("n", "2")])
        '<table><caption>a &lt; b</caption><tr><th>n</th><td>2</td></tr></table>'
    """
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<table><caption>{escape(caption)}</caption>{cells}</table>{below}"
