"""What a desk says of itself."""

from pathlib import Path

from prunekit.subject.opening import Opened


def overview(opened: Opened) -> tuple[str, list[tuple[str, str]], list[str]]:
    """Describe an opened task: a title, names with values, and sentences a person should read."""
    task, structure = opened.task, opened.structure
    cost, data = structure.cost({}), task.data
    free = [group for group in structure.groups if group.protected is None]
    splits = {"validation": data.validation, "train": opened.train_split, "test": data.test}
    rows = [
        ("parameters", f"{cost.params:,}"),
        ("MACs", f"{cost.macs:,}"),
        ("groups", f"{len(free)} can be cut, {len(structure.groups) - len(free)} protected"),
        ("samples", ", ".join(f"{len(split):,} {name}" for name, split in splits.items() if split is not None)),
        ("classes", f"{len(data.classes)}"),
        ("metric", task.metric),
        ("workspace", _from_here(opened.workspace.path)),
    ]
    return f"Desk of {task.title}", rows, [str(task.card.get("about", "")), *structure.notes]


def _from_here(path: Path) -> str:
    """Write a path below the working folder from there: a notebook that is passed on names no folders of its writer."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
