"""Open a desk: the first line of a script or notebook. Nothing here imports torch before that."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.errors import TaskError

if TYPE_CHECKING:
    from torch import nn

    from prunekit.face.desk import Desk
    from prunekit.objectives import Metric, Samples


def open(
    model: "nn.Module | str | Path",
    *,
    validation: Any = None,
    train: Any = None,
    test: Any = None,
    data: Mapping[str, Any] | Path | str | None = None,
    example: Any = None,
    metric: "str | Metric | Callable[[nn.Module, Samples], float] | None" = None,
    classes: Sequence[str] | None = None,
    name: str | None = None,
    workspace: Path | str | None = None,
    use: Sequence[Path | str] = (),
) -> "Desk":
    """Open a trained network with its samples.

    A network in memory is copied to the CPU and set to eval mode there; the one given is never changed. Samples are
    copied into memory as they are: nothing is scaled, nothing is split off. ``validation`` alone is enough to tune;
    training, recalibration of BatchNorm and criteria that read data need ``train``.

    Args:
        model: a ``torch.nn.Module`` on any device and in any mode; the name of a bundled task; or the path of a
            ``prunekit.toml`` or a ``.pt2`` file.
        validation: the samples that are measured on while tuning: a pair ``(X, y)`` of arrays, tensors or lists, a
            list of samples ``(x, y)``, a ``Dataset`` or a ``DataLoader`` of one input and its class; ``y`` of ``None``
            measures the agreement with the dense network.
        train: samples for calibration and recovery, in the same forms.
        test: samples that are read once for each export, in the same forms.
        data: all of them by name, ``{"validation": …}``; or the path of an ``.npz`` file or a folder of images, as in
            a project file, which divides what is not divided and makes fractions 0–1 of uint8.
        example: inputs ``(n, …)`` as the network takes them: the shape for a folder of images; where there are no
            samples at all, what the smaller network has to agree on with the dense one.
        metric: ``accuracy``, ``top-5``, ``mean IoU``, or ``(network, samples) → fraction 0–1``; ``None`` is the usual
            one for these targets.
        classes: class names in target order.
        name: what the task is called in history and files; ``None`` is the network's class.
        workspace: the folder that remembers; ``None`` is ``PRUNEKIT_WORKSPACE``, else ``.prunekit`` here.
        use: files that register criteria, metrics and export formats of your own; they run.

    Returns:
        The desk.

    Raises:
        TaskError: something that cannot be opened, said in one sentence.
        StructureError: the network cannot be traced.

    Example:
        >>> import torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> x = torch.randn(50, 4)
        >>> desk = open(net, validation=(x, (x.sum(1) > 0).long()), name="sums")
        >>> desk.prune({"channels": {"0": 0.5}}).model[0]
        Linear(in_features=4, out_features=4, bias=True)
    """
    from torch import nn

    from prunekit.face.desk import Desk
    from prunekit.face.origin import origin_of
    from prunekit.face.work import call
    from prunekit.subject.opening import open_task, opened_of
    from prunekit.tasks import own_code
    from prunekit.tasks.in_memory import task_of
    from prunekit.tasks.own_network import inside
    from prunekit.tasks.program import open_program

    call(lambda: own_code.use([*own_code.used_everywhere(), *use]))
    samples = {"validation": validation, "train": train, "test": test}
    splits: Any = {split: given for split, given in samples.items() if given is not None}
    if data is not None and splits:
        raise TaskError(f"data= and {next(iter(splits))}= are both given; put all samples into one of them.")
    if example is not None and (splits or isinstance(data, Mapping)):
        raise TaskError("The samples say what an input looks like; example= goes with a folder, or with no samples.")
    splits = splits if data is None else data
    network: Any = model
    if isinstance(model, str | Path) and Path(model).suffix == ".pt2":
        path = Path(model)
        network, name = call(lambda: open_program(path)), name or path.stem
    elif isinstance(model, str | Path):
        options = {"metric": metric, "classes": classes, "name": name, "example": example, "data": splits or None}
        unused = next((key for key, value in options.items() if value is not None), None)
        if unused is not None:
            raise TaskError(f"{model} says itself what is measured; leave {unused}= out, or open the network itself.")
        return Desk(call(lambda: open_task(str(model), workspace)))
    task = call(lambda: task_of(network, splits, example=example, metric=metric, classes=classes, name=name))
    origin = origin_of(inside(model)) if isinstance(model, nn.Module) else None
    return Desk(call(lambda: opened_of(task, workspace)), origin)
