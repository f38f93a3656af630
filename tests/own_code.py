"""A file outside the package that registers a criterion and a metric."""

from pathlib import Path

from prunekit.criteria import CRITERIA
from prunekit.objectives import METRICS

SOURCE = """
import prunekit


@prunekit.criterion(title="Last units first", caption="The higher its number, the sooner a unit goes.")
def backwards(given):
    import torch

    return torch.arange(given.units, 0, -1).float()


@prunekit.metric(name="missed", higher_is_better=False)
def missed(model, data):
    return float((model(data.inputs).argmax(1) != data.targets).float().mean())
"""


def write_own_code(folder: Path) -> Path:
    """Write the file and return its path."""
    file = folder / "mine.py"
    file.write_text(SOURCE)
    return file


def forget() -> None:
    """Take out what people registered; to be called when a test ends."""
    for records in (CRITERIA, METRICS):
        for name in [name for name, record in records.items() if record.origin is not None]:
            del records[name]
