"""From a recipe to the network it asks for: the base it starts from, its scores, the cut, the calibration."""

import copy
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunekit.criteria.gradients import gradients
from prunekit.criteria.norms import input_norms
from prunekit.criteria.units import Scores, unit_scores
from prunekit.cut.pruned import Left, Pruned, leave, made
from prunekit.errors import RecipeError, WorkspaceError
from prunekit.graph import expand_state, named_tensors
from prunekit.program.outputs import Answer, Outputs, finish
from prunekit.quantize.activations import levels, round_inputs, rounding_modules
from prunekit.quantize.codes import quantize
from prunekit.recipe import FrozenMap, Recipe
from prunekit.recover.recalibrate import recalibrate, with_statistics
from prunekit.subject.blocks import Shortened, apart, by_group, shortened
from prunekit.subject.live import way_of
from prunekit.subject.opening import Opened
from prunekit.tasks.task import Split

GRADIENT_CRITERIA = frozenset({"taylor"})
NORM_CRITERIA = frozenset({"wanda"})


@dataclass(frozen=True, eq=False)
class Base:
    """What a recipe starts from.

    Attributes:
        model: the network in its dense shapes.
        allowed: the units it still has of each group that was cut.
        bits: the bits that it was trained with, per layer.
        blocks: the blocks that it was trained without.
    """

    model: nn.Module
    allowed: Mapping[str, tuple[int, ...]]
    bits: Mapping[str, int] = field(default_factory=FrozenMap)
    blocks: tuple[str, ...] = ()

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Its parameters and buffers by name."""
        return dict(named_tensors(self.model))

    @cached_property
    def has_norms(self) -> bool:
        """Whether it has BatchNorm."""
        return any(isinstance(module, _BatchNorm) for module in self.model.modules())


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The network a recipe asks for, and the same before calibration.

    Attributes:
        pruned: the answer as it is measured and exported.
        raw: the network before recalibration; ``None`` where nothing was recalibrated.
    """

    pruned: Pruned
    raw: nn.Module | None


@lru_cache(maxsize=16)
def base_of(opened: Opened, run_id: str | None) -> Base:
    """Return the task's own network, or a recovered run's weights at their dense positions.

    Blocks that the run had lost and the task has are the task's own.

    Raises:
        WorkspaceError: no such run, or its weights are gone.
        RecipeError: the run belongs to other weights or has none of its own.
    """
    if run_id is None:
        return Base(opened.task.model, {})
    run = opened.workspace.run(run_id)
    if run.weights is None:
        raise RecipeError(f"Run {run_id} has no weights of its own; give as base a recovered run, or none.")
    if run.model != opened.digest:
        raise RecipeError(f"Run {run_id} was made from other weights of {run.task!r}; open those first.")
    tensors, kept = _read(opened.workspace.weights_path(run_id))
    dense = dict(named_tensors(opened.task.model))
    whole = opened.whole if isinstance(opened, Shortened) and opened.whole else opened
    # Its weights lie in the groups of the network that it was; without another block, two of those may be one.
    own = shortened(whole, run.recipe.blocks).structure if run.recipe.blocks else whole.structure
    expanded = expand_state(tensors, dict(named_tensors(whole.task.model)), own, kept)
    model = copy.deepcopy(opened.task.model)
    model.load_state_dict({name: tensor for name, tensor in expanded.items() if name in dense}, strict=False)
    left = {layer.name for layer in opened.structure.layers}
    bits = {layer: value for layer, value in run.recipe.bits.items() if layer in left}
    return Base(model, by_group(own, opened.structure, kept, _common), bits, run.recipe.blocks)


def _common(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    """Return the units that both have; of units that nobody has any more one stays, for a group has one at least."""
    return tuple(sorted({*some} & {*others})) or some[:1]


def store_weights(opened: Opened, run_id: str, model: nn.Module, kept: Mapping[str, tuple[int, ...]]) -> str:
    """Write a recovered network's weights into the workspace and return the file's name."""
    path = opened.workspace.weights_path(run_id)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in named_tensors(model)}
    metadata = {"kept": json.dumps({group: list(units) for group, units in kept.items()})}
    opened.workspace.write_file(path, lambda aside: save_file(tensors, aside, metadata))
    return path.name


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, tuple[int, ...]]]:
    try:
        with safe_open(path, framework="pt") as file:
            kept = json.loads((file.metadata() or {}).get("kept", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise WorkspaceError(f"The weights {path.name} cannot be read ({error}); recover the run again.") from None
    return tensors, {group: tuple(units) for group, units in kept.items()}


@lru_cache(maxsize=4)
def gradients_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the loss gradients of a base on train data.

    Raises:
        RecipeError: the task has no train data.
    """
    return gradients(base_of(opened, run_id).model, _train_split(opened, "Taylor"))


@lru_cache(maxsize=4)
def norms_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the norms of the inputs of a base's weights on train data.

    Raises:
        RecipeError: the task has no train data.
    """
    return input_norms(base_of(opened, run_id).model, _train_split(opened, "Wanda"))


def _train_split(opened: Opened, scores: str) -> Split:
    if opened.train_split is None:
        raise RecipeError(f"{scores} scores need train data, and this task has none; use l1 or l2.")
    return opened.train_split


@lru_cache(maxsize=16)
def scores_of(opened: Opened, run_id: str | None, criterion: str, seed: int) -> Scores:
    """Return the scores of every prunable unit of a base."""
    return unit_scores(
        base_of(opened, run_id).model,
        opened.structure,
        criterion,
        gradients=gradients_of(opened, run_id) if criterion in GRADIENT_CRITERIA else None,
        norms=norms_of(opened, run_id) if criterion in NORM_CRITERIA else None,
        seed=seed,
    )


@lru_cache(maxsize=8)
def left_of(opened: Opened, recipe: Recipe) -> Left:
    """Cut and quantise the tensors of a recipe's base, whose BatchNorm statistics stay.

    Raises:
        RecipeError: the recipe does not fit the network.
    """
    opened, recipe = apart(opened, recipe)
    base = base_of(opened, recipe.base)
    scores = scores_of(opened, recipe.base, recipe.criterion, recipe.seed) if recipe.channels or recipe.drop else None
    needs_gradients = recipe.criterion in GRADIENT_CRITERIA and recipe.weights
    needs_norms = recipe.criterion in NORM_CRITERIA and recipe.weights
    left = leave(
        base.model,
        opened.structure,
        recipe,
        scores=scores,
        gradients=gradients_of(opened, recipe.base) if needs_gradients else None,
        norms=norms_of(opened, recipe.base) if needs_norms else None,
        allowed=base.allowed,
    )
    few = {name: quantize(left.tensors[name].detach(), precision) for name, precision in left.precisions.items()}
    return replace(left, tensors={**left.tensors, **few})


def pruned_of(opened: Opened, recipe: Recipe) -> Pruned:
    """Make the network a recipe asks for, with the BatchNorm statistics of its base.

    Raises:
        RecipeError: the recipe does not fit the network.
    """
    opened, recipe = apart(opened, recipe)
    pruned = made(base_of(opened, recipe.base).model, opened.structure, left_of(opened, recipe))
    return replace(pruned, replaced=opened.replaced) if isinstance(opened, Shortened) else pruned


def recalibrates(opened: Opened, recipe: Recipe) -> bool:
    """Return whether BatchNorm statistics are estimated anew: only where the recipe changes what its base still has.

    A network that was not touched is not changed.
    """
    blocks, (opened, recipe) = recipe.blocks, apart(opened, recipe)
    base = base_of(opened, recipe.base)
    if not (recipe.recalibrate and opened.train_split is not None and base.has_norms):
        return False
    return bool({*blocks} - {*base.blocks}) or recipe.bits != base.bits or _cuts(base, left_of(opened, recipe))


def rounds_inputs(recipe: Recipe) -> bool:
    """Return whether quantised layers round what they read, which only a network's own forward pass does."""
    return recipe.activation_bits is not None and bool(recipe.bits)


@lru_cache(maxsize=8)
def network_of(opened: Opened, recipe: Recipe) -> Network:
    """Make the network a recipe asks for.

    Raises:
        RecipeError: the recipe does not fit the network.
    """
    network = _calibrated(*apart(opened, recipe), calibrates=recalibrates(opened, recipe))
    if not rounds_inputs(recipe):
        return network
    if opened.train_split is None:
        raise RecipeError("Activations of few bits need train data to find their range; set activation_bits to null.")
    model = network.pruned.model
    grids = levels(model, rounding_modules(model, recipe.bits), opened.train_split)
    told = {path: (grid.scale, grid.zero) for path, grid in grids.items()}
    return replace(network, pruned=replace(network.pruned, model=round_inputs(model, grids), levels=told))


def _calibrated(opened: Opened, recipe: Recipe, calibrates: bool) -> Network:
    pruned = pruned_of(opened, recipe)
    if not calibrates:
        return Network(pruned, None)
    assert opened.train_split is not None
    if (live := way_of(opened).live) is not None:
        statistics: dict[str, Tensor] = finish(live.statistics(left_of(opened, recipe).tensors, pruned.kept))
        calibrated = with_statistics(pruned.model, statistics)
    else:
        calibrated = recalibrate(pruned.model, opened.train_split)
    return Network(replace(pruned, model=calibrated), pruned.model)


def _cuts(base: Base, left: Left) -> bool:
    """Whether a cut took anything from its base."""
    units = any(len(units) < len(base.allowed.get(group, (*units, -1))) for group, units in left.kept.items())
    zeros = sum(int(mask.numel() - mask.sum()) for mask in left.masks.values())
    already = sum(int((base.tensors[name] == 0).sum()) for name in left.masks)
    return units or zeros > already


def outputs_of(opened: Opened, split: str, tensors: Mapping[str, Tensor], kept: Mapping[str, Sequence[int]]) -> Answer:
    """Return what computes a network's answers on a split the quick way; test samples are not remembered.

    Args:
        opened: the task, whose networks can be measured the quick way.
        split: ``validation`` or ``test``.
        tensors: all parameters and buffers by name, in the shapes that a cut leaves.
        kept: the units kept of each group that was cut.
    """
    live, samples = way_of(opened).live, getattr(opened.task.data, split)
    assert live is not None
    state = None

    def answer(start: int, stop: int) -> Generator[None, None, Tensor]:
        nonlocal state
        state = state or live.state(tensors, kept)  # nobody may ask
        return live.answer(state, samples.inputs[start:stop], (start, stop) if split == "validation" else None)

    return answer


@lru_cache(maxsize=8)
def dense_outputs(opened: Opened, split: str) -> Outputs:
    """Return the dense network's outputs on a split, computed as far as they are sliced."""
    return Outputs(opened.task.model, getattr(opened.task.data, split))
