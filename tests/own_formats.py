"""An export format of a person's own, as their file registers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prunekit.export.formats import FORMATS
from prunekit.tasks.functions import import_file

SOURCE = """import torch
from prunekit.export.registering import export_format


def load(path):
    return torch.load(path, weights_only=False)


@export_format(
    "whole", title="Whole module", caption="The module as torch.save writes it.", suffix=".module", load=load
)
def write(measured, path):
    torch.save(measured.model, path)
"""


@contextmanager
def own_format(folder: Path) -> Iterator[None]:
    """Register the format from a file in a folder, until the end."""
    file = folder / "my_format.py"
    file.write_text(SOURCE)
    import_file(file)
    try:
        yield
    finally:
        FORMATS.pop("whole", None)
