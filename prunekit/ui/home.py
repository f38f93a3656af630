"""Where the dashboard's entry, its pages and its settings lie, and whether what it needs is installed."""

from importlib.util import find_spec
from pathlib import Path

from prunekit.errors import PrunekitError, listed

PACKAGE = Path(__file__).resolve().parents[1]
NEEDED = ("streamlit", "starlette", "uvicorn", "plotly", "pandas")
"""What the extra ``desk`` installs."""


def home() -> Path:
    """Return the folder of ``app.py``, ``pages`` and ``.streamlit``: the package, or the checkout around it."""
    return PACKAGE if (PACKAGE / "pages").is_dir() else PACKAGE.parent


def check_installed() -> None:
    """Refuse to serve the dashboard where a package that it needs is missing.

    Raises:
        PrunekitError: names the missing packages and what installs them.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise PrunekitError(
            f'The dashboard needs {listed(missing)}, which cannot be imported here; pip install "prunekit[desk]".'
        )
