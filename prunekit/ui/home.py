"""Where the dashboard's entry, its pages and its settings lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder of ``app.py``, ``pages`` and ``.streamlit``: the package, or the checkout around it."""
    return PACKAGE if (PACKAGE / "pages").is_dir() else PACKAGE.parent
