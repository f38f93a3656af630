"""There and back: a network that was trained elsewhere becomes a run."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from prunekit.cut.pruned import Pruned
from prunekit.errors import CheckpointError
from prunekit.graph import named_tensors
from prunekit.recipe import Recipe
from prunekit.records import Evaluation, Fit, Run
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, resolve
from prunekit.tasks.checkpoint import Source, fit_state, read_state, refuse_misfit
from prunekit.verbs.recovered import keep_run, measure


def masks(opened: Opened, recipe: Recipe) -> Mapping[str, Tensor]:
    """Return which weights a recipe leaves, to keep the others at zero while training elsewhere.

    Args:
        opened: the task.
        recipe: the question.

    Returns:
        Parameter name → boolean mask in the smaller network's shape, false where a weight is zeroed; one for each
        layer under the recipe's ``weights``.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    return {name: mask.clone() for name, mask in resolve(opened, recipe).state.masks.items()}


def adopt(
    opened: Opened, source: Source, recipe: Recipe, note: str = "", parent: str | None = None
) -> Iterator[Evaluation | Run]:
    """Take back the network of a recipe that was trained elsewhere.

    Its BatchNorm statistics stay its own. Where the recipe has bits, its weights are rounded as after a recovery.

    Args:
        opened: the task.
        source: the trained network on any device and in any mode, its state dict, or a file of it; it is not changed,
            and no code in a file is run.
        recipe: what it was cut by.
        note: what the run is called; ``adopted`` without one.
        parent: the run that holds the cut, in the history; where it is not there any more, the base is taken.

    Yields:
        Evaluations on growing numbers of validation samples; last the run, stored with its weights. Stopped early,
        nothing is.

    Raises:
        CheckpointError: the weights cannot be read, are not those of the network that the recipe leaves, or zeroed
            weights are not zero any more.
        RecipeError: the recipe does not fit the task.
        WorkspaceError: the workspace cannot be written.
    """
    subject = resolve(opened, recipe)
    opened.workspace.check_writable()
    pruned = subject.uncalibrated
    _fill(subject, pruned, source)
    return _adopt(subject, pruned, note or "adopted", parent)


def _adopt(subject: Subject, pruned: Pruned, label: str, parent: str | None) -> Iterator[Evaluation | Run]:
    evaluation = None
    for reading in measure(subject, pruned.model):
        evaluation = Evaluation(reading, pruned.cost)
        yield evaluation
    assert evaluation is not None, "a split without samples was refused"
    yield keep_run(subject, pruned, pruned.model, evaluation.reading, parent, label)


def _fill(subject: Subject, pruned: Pruned, source: Source) -> None:
    """Fill the untrained answer of a recipe with the weights that it was trained to."""
    trained, _, label = read_state(source)
    fit, state = fit_state(pruned.model, trained)
    if not fit.is_whole:
        if fit_state(subject.whole.task.model, trained)[0].is_whole:
            raise CheckpointError(
                f"{label} has the shapes of the dense network ({_of_dense(fit)}); train the one that the recipe leaves."
            )
        if cut := _other_cut(subject, pruned, fit, state):
            raise CheckpointError(f"{label} was cut by another recipe ({cut}); give the one that it was cut by.")
        refuse_misfit(fit, label)
    pruned.model.load_state_dict(state, strict=False)
    tensors = dict(named_tensors(pruned.model))
    returned = sum(int(tensors[name][~mask].count_nonzero()) for name, mask in pruned.masks.items())
    if returned:
        zeroed = sum(int((~mask).sum()) for mask in pruned.masks.values())
        raise CheckpointError(
            f"{label} is not zero any more in {returned:,} of the {zeroed:,} weights that this recipe zeroes; multiply "
            "the weights by the masks that `masks` returns after every step, and train again."
        )


def _of_dense(fit: Fit) -> str:
    """Say what of the dense network a recipe takes."""
    if fit.reshaped:
        first = fit.reshaped[0]
        return f"{first.name} is {first.given}, once cut {first.expected}"
    return f"{fit.unexpected[0]} went with its block"


def _other_cut(subject: Subject, pruned: Pruned, fit: Fit, state: Mapping[str, Tensor]) -> str:
    """Say which group has how many units where the recipe leaves others; nothing where no group explains the shapes."""
    structure, expected = subject.structure, pruned.model.state_dict()
    for misfit in fit.reshaped:
        own, trained = expected[misfit.name].shape, state[misfit.name].shape
        atoms = structure.atoms.get(misfit.name, ())
        differing = [dim for dim in range(len(atoms)) if len(trained) == len(own) and trained[dim] != own[dim]]
        for dim in differing:
            owner, *others = {*structure.group_of[atoms[dim]].tolist()}
            if others or owner == -1:
                continue
            group = structure.groups[owner]
            units, rest = divmod(trained[dim] * group.units, len(atoms[dim]))
            if group.protected is None and rest == 0 and units <= group.units:
                remaining = len(pruned.kept.get(group.name, range(group.units)))
                return f"group {group.name!r} has {units} units where this one leaves {remaining} of {group.units}"
    return ""
