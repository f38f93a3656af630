"""PruneKit: the mixing desk for neural-network pruning.

    desk = prunekit.open(model, validation=(x_val, y_val), train=(x, y))
    half = desk.plan(macs=0.5)
    print(desk.evaluate(half))
    small = desk.prune(half).model

torch is imported when something is opened, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunekit.criteria.registering import criterion
    from prunekit.errors import (
        CheckpointError,
        ExportError,
        LatencyError,
        PrunekitError,
        RecipeError,
        StructureError,
        TaskError,
        WorkspaceError,
    )
    from prunekit.export.registering import export_format
    from prunekit.face.desk import Desk
    from prunekit.face.opening import open
    from prunekit.face.run import Pruned, Run
    from prunekit.objectives.registering import metric
    from prunekit.recipe import Recipe
    from prunekit.records import Evaluation
    from prunekit.recover.schedule import Schedule

    __version__: str

__all__ = [
    "CheckpointError",
    "Desk",
    "Evaluation",
    "ExportError",
    "LatencyError",
    "Pruned",
    "PrunekitError",
    "Recipe",
    "RecipeError",
    "Run",
    "Schedule",
    "StructureError",
    "TaskError",
    "WorkspaceError",
    "__version__",
    "criterion",
    "export_format",
    "metric",
    "open",
]

_HOMES = {
    "Desk": "prunekit.face.desk",
    "Evaluation": "prunekit.records",
    "Pruned": "prunekit.face.run",
    "Recipe": "prunekit.recipe",
    "Run": "prunekit.face.run",
    "Schedule": "prunekit.recover.schedule",
    "criterion": "prunekit.criteria.registering",
    "export_format": "prunekit.export.registering",
    "metric": "prunekit.objectives.registering",
    "open": "prunekit.face.opening",
}
"""Where each public name lives that is no error."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("prunekit")
    if name not in __all__:
        raise AttributeError(f"module 'prunekit' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "prunekit.errors")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
