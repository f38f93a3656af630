"""A question resolved once: what a recipe asks of a task, and the network that answers it."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor, nn

from prunekit.criteria import CRITERIA
from prunekit.criteria.select import count_kept
from prunekit.criteria.units import Scores
from prunekit.cut.precision import cost_of
from prunekit.cut.pruned import CutState, Pruned, cut_state, module_of
from prunekit.cut.validate import check_recipe
from prunekit.errors import RecipeError, WorkspaceError
from prunekit.graph import Structure
from prunekit.program.outputs import Outputs, finish
from prunekit.quantize.activations import levels, round_inputs, rounding_modules
from prunekit.quantize.codes import quantize
from prunekit.recipe import Recipe
from prunekit.records import Cost
from prunekit.recover.recalibrate import recalibrate, with_statistics
from prunekit.subject.base import Base, base_of
from prunekit.subject.blocks import asked_of, check_blocks, shortened
from prunekit.subject.live import way_of
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered
from prunekit.subject.scores import evidence, scores_of
from prunekit.tasks.task import Split


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The network a recipe asks for, and the same before calibration.

    Attributes:
        pruned: the answer as it is measured and exported.
        raw: the network before recalibration; ``None`` where nothing was recalibrated.
    """

    pruned: Pruned
    raw: nn.Module | None


@dataclass(frozen=True, eq=False)
class Subject:
    """A task's network and a recipe for it; what follows from them is worked out when it is first asked for.

    Attributes:
        whole: the task.
        recipe: the checked recipe.
        opened: the task without the recipe's blocks; the whole one where it removes none.
        remaining: the recipe for ``opened``: without the blocks, and with the groups of the network without them.
        base: what it starts from.
    """

    whole: Opened
    recipe: Recipe
    opened: Opened
    remaining: Recipe
    base: Base

    @property
    def structure(self) -> Structure:
        """The analysis of the dense network without the recipe's blocks."""
        return self.opened.structure

    @property
    def is_own(self) -> bool:
        """Whether it asks for the task's own network, as it was trained."""
        return self.recipe.base is None and self.recipe.is_dense

    @property
    def counts(self) -> dict[str, int]:
        """How many units are kept of each group that is cut."""
        return count_kept(self.structure, self.remaining, self.base.allowed)

    @property
    def cost(self) -> Cost:
        """The exact counts, by closed formula."""
        return cost_of(self.structure, self.remaining, self.counts)

    @property
    def scores(self) -> Scores:
        """The scores of every prunable unit of the base."""
        recipe = self.remaining
        return scores_of(self.opened, recipe.base, recipe.criterion, recipe.seed)

    @cached_property
    def state(self) -> CutState:
        """The tensors of the base, cut and quantised; BatchNorm statistics are the base's."""
        recipe = self.remaining
        read = evidence(self.opened, recipe.base, recipe.criterion) if recipe.weights else {}
        scores = self.scores if recipe.channels or recipe.drop else None
        state = cut_state(self.base.model, self.structure, recipe, scores=scores, allowed=self.base.allowed, **read)
        few = {name: quantize(state.tensors[name].detach(), entry) for name, entry in state.precisions.items()}
        return replace(state, tensors={**state.tensors, **few})

    @property
    def recalibrates(self) -> bool:
        """Whether BatchNorm statistics are estimated anew: only where the recipe changes what its base still has."""
        if not (self.recipe.recalibrate and self.whole.train_split is not None and self.structure.norms):
            return False
        loses_a_block = bool({*self.recipe.blocks} - {*self.base.blocks})
        return loses_a_block or self.remaining.bits != self.base.bits or self._cuts

    @property
    def rounds_inputs(self) -> bool:
        """Whether quantised layers round what they read, which only a network's own forward pass does."""
        return self.recipe.activation_bits is not None and bool(self.recipe.bits)

    @property
    def range_split(self) -> Split:
        """The train samples that the ranges of rounded activations are found on.

        Raises:
            RecipeError: the task has no train data.
        """
        if self.whole.train_split is None:
            raise RecipeError(
                "Activations of few bits need train data to find their range; set activation_bits to null."
            )
        return self.whole.train_split

    @property
    def uncalibrated(self) -> Pruned:
        """The smaller network with the BatchNorm statistics of its base; each read makes a new one."""
        pruned = module_of(self.base.model, self.structure, self.state)
        return replace(pruned, replaced=self.opened.replaced)

    @property
    def precise(self) -> "Subject":
        """The same question without its quantisation, which comes after the recovery.

        A base that was trained in these very bits keeps the BatchNorm statistics that it has in them.
        """
        recipe = replace(self.recipe, bits={}, activation_bits=None, recalibrate=self.recalibrates)
        return resolve(self.whole, recipe)

    @cached_property
    def network(self) -> Network:
        """The smaller network as it is measured and exported.

        Raises:
            RecipeError: activations shall be rounded and the task has no train data.
        """
        network = self._calibrated()
        if not self.rounds_inputs:
            return network
        model = network.pruned.model
        grids = levels(model, rounding_modules(model, self.recipe.bits), self.range_split)
        by_path = {path: (grid.scale, grid.zero) for path, grid in grids.items()}
        return replace(network, pruned=replace(network.pruned, model=round_inputs(model, grids), levels=by_path))

    @property
    def pruned(self) -> Pruned:
        """The answer: the smaller network with its kept units, masks and counts."""
        return self.network.pruned

    def quick_outputs(self, split: str, samples: Split, tensors: Mapping[str, Tensor]) -> Outputs:
        """Return the outputs on a split as the fast way computes them; those on test samples are not remembered.

        Args:
            split: ``validation`` or ``test``.
            samples: the first samples of that split.
            tensors: all parameters and buffers by name, in the shapes that the cut leaves.
        """
        live = way_of(self.opened).live
        assert live is not None
        state = None

        def answer(start: int, stop: int) -> Generator[None, None, Tensor]:
            nonlocal state
            state = state or live.state(tensors, self.state.kept)  # prepared only when outputs are first computed
            place = (start, stop) if split == "validation" else None
            return live.answer(state, samples.inputs[start:stop], place)

        return Outputs(answer, samples)

    def _calibrated(self) -> Network:
        pruned = self.uncalibrated
        if not self.recalibrates:
            return Network(pruned, None)
        assert self.whole.train_split is not None
        if (live := way_of(self.opened).live) is not None:
            statistics: dict[str, Tensor] = finish(live.statistics(self.state.tensors, pruned.kept))
            calibrated = with_statistics(pruned.model, statistics)
        else:
            calibrated = recalibrate(pruned.model, self.whole.train_split)
        return Network(replace(pruned, model=calibrated), pruned.model)

    @property
    def _cuts(self) -> bool:
        """Whether the cut takes anything from its base."""
        base, state = self.base, self.state
        takes_units = any(
            len(units) < len(base.allowed.get(group, (*units, -1))) for group, units in state.kept.items()
        )
        zeros = sum(int(mask.numel() - mask.sum()) for mask in state.masks.values())
        already = sum(int((base.tensors[name] == 0).sum()) for name in state.masks)
        return takes_units or zeros > already


SUBJECTS = 12
"""Questions of a task that are remembered with their networks; one that was not written as checked counts twice."""


def resolve(opened: Opened, recipe: Recipe) -> Subject:
    """Check a recipe against a task and return both as one subject; a repeated call returns the same one.

    Raises:
        RecipeError: the recipe does not fit the task, or starts from a run that is not in the workspace.
    """
    question = recipe, CRITERIA.get(recipe.criterion)  # by a criterion that was edited, it is another question
    subject: Subject | None = opened.memory.get(resolve, question)
    if subject is None:
        checked = _checked(opened, recipe)
        if checked == recipe:
            return opened.memory.put(resolve, question, _subject(opened, recipe), SUBJECTS)
        subject = resolve(opened, checked)
        opened.memory.put(resolve, question, subject, SUBJECTS)
    return subject


def _subject(opened: Opened, checked: Recipe) -> Subject:
    if not checked.blocks:
        return Subject(opened, checked, opened, checked, base_of(opened, checked.base))
    short = shortened(opened, checked.blocks)
    base = base_of(short, checked.base)
    # Groups that became one without the blocks may together lose all their units.
    remaining = check_recipe(asked_of(short, opened, checked), short.structure, base.allowed)
    return Subject(opened, checked, short, remaining, base)


def _checked(opened: Opened, recipe: Recipe) -> Recipe:
    """Return the recipe with every group by its own name, the task filled in, and the blocks of its base."""
    if recipe.task not in ("", opened.task.name):
        raise RecipeError(f"The recipe was written for task {recipe.task!r}; this is {opened.task.name!r}.")
    try:
        allowed = base_of(opened, recipe.base).allowed
    except WorkspaceError as error:
        raise RecipeError(f"The recipe starts from a run that is not at hand: {error}") from error
    blocks = check_blocks(opened, recipe)
    return replace(check_recipe(recipe, opened.structure, allowed), task=opened.task.name, blocks=blocks)


@remembered(2)
def dense_outputs(opened: Opened, split: str) -> Outputs:
    """Return the dense network's outputs on a split, computed as far as they are sliced."""
    return Outputs(opened.task.model, getattr(opened.task.data, split))


def group_remaining(subject: Subject, name: str) -> str:
    """Return what a group of the whole network is called once the recipe's blocks are gone.

    Raises:
        RecipeError: it is unknown, or went with its block.
    """
    if not subject.recipe.blocks:
        return name
    layers = {layer.name for layer in subject.structure.layers}
    layer = next((layer for layer in subject.whole.structure.group(name).layers if layer in layers), None)
    if layer is None:
        raise RecipeError(f"{name!r} went with its block; put the block back to look at it.")
    return subject.structure.group(layer).name
