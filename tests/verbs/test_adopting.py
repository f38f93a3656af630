import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils import prune
from torch.optim.swa_utils import AveragedModel

from prunekit import verbs
from prunekit.errors import CheckpointError, RecipeError, WorkspaceError
from prunekit.pattern import Pattern
from prunekit.quantize.codes import quantize
from prunekit.recipe import Recipe
from prunekit.records import Evaluation
from prunekit.store import Workspace
from prunekit.subject.blocks import blocks_of
from prunekit.subject.subject import resolve
from tests.untouched import untouched

HALF = Recipe(channels={"conv1": 0.5, "stem": 0.34})
SPARSE = Recipe(channels={"conv1": 0.5}, weights={"conv2": Pattern("2:4"), "stem": 0.5})


def smaller(opened, recipe):
    """The network that a recipe leaves, for a person to train."""
    return copy.deepcopy(resolve(opened, verbs.check(opened, recipe)).pruned.model)


def trained(opened, recipe, keep=()):
    """That network after an epoch of a plain loop."""
    model = smaller(opened, recipe).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    samples = opened.task.data.train(0)
    for inputs, targets in zip(samples.inputs.split(16), samples.targets.split(16), strict=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        with torch.no_grad():
            for name, mask in dict(keep).items():
                model.get_parameter(name).mul_(mask)
    return model


def right(model, split):
    model.eval()
    with torch.no_grad():
        return int((model(split.inputs).argmax(1) == split.targets).sum())


def adopted(opened, source, recipe=HALF, note=""):
    return verbs.last(verbs.adopt(opened, source, recipe, note))


@pytest.mark.parametrize(
    "recipe", [HALF, Recipe(), replace(HALF, weights={"conv2": 0.5})], ids=["cut", "dense", "zeros"]
)
def test_a_plain_loop_s_own_accuracy_is_the_run_s(opened, recipe):
    model = trained(opened, recipe, verbs.masks(opened, recipe))
    own = right(copy.deepcopy(model), opened.task.data.validation)
    with untouched(model):
        *evaluations, run = verbs.adopt(opened, model, recipe)
    assert (run.readings[0].correct, run.readings[0].n) == (own, 60)
    assert [type(evaluation) for evaluation in evaluations] == [Evaluation] * len(evaluations)
    assert evaluations[-1].reading == run.readings[0]
    assert evaluations[-1].cost == run.cost == verbs.cost(opened, recipe)
    assert (run.label, run.parent, run.recipe) == ("adopted", None, verbs.check(opened, recipe))
    assert verbs.history(opened) == (run,)
    assert opened.workspace.head(opened.key) == run
    # What stands on the desk is that very network: nothing is estimated anew.
    desk = resolve(opened, verbs.recipe_of(run))
    for name, tensor in model.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(desk.pruned.model.state_dict()[name], tensor), name
    assert verbs.last(verbs.evaluate(opened, verbs.recipe_of(run))).reading.correct == own


def test_an_adopted_run_exports_is_compared_and_cut_further(opened, tmp_path):
    model = trained(opened, HALF)
    run = adopted(opened, model, note="by my own loop")
    assert run.label == "by my own loop"
    base = verbs.recipe_of(run)
    *_, files = verbs.export(opened, base, tmp_path / "out")
    assert all(file.proof.ok for file in files)
    scope = {"__file__": str(tmp_path / "out" / "load_tiny.py"), "__name__": "load_tiny"}
    exec((tmp_path / "out" / "load_tiny.py").read_text(), scope)
    samples = opened.task.data.validation
    assert right(scope["load"](), samples) == run.readings[0].correct
    comparison = verbs.last(verbs.compare(opened, None, run.id))
    gained = right(model, samples) - right(opened.task.model, samples)
    assert comparison.fixed - comparison.broken == gained

    further = replace(base, channels={**base.channels, "conv1": 0.75})
    assert smaller(opened, further).conv1.weight.shape == (2, 3, 3, 3)
    again = adopted(opened, trained(opened, further), further)
    assert (again.parent, again.recipe.base) == (run.id, run.id)
    assert again.cost == verbs.cost(opened, further)


SOURCES = {
    "module": lambda model: model,
    "in double precision": lambda model: copy.deepcopy(model).double(),
    "parallel": nn.DataParallel,
    "average": AveragedModel,
    "state dict": lambda model: model.state_dict(),
    "parameters and buffers": lambda model: {**dict(model.named_parameters()), **dict(model.named_buffers())},
    "average's state dict": lambda model: AveragedModel(model).state_dict(),
    "of a wrapper": lambda model: {f"net.{name}": tensor for name, tensor in model.state_dict().items()},
    "beside an optimizer": lambda model: {"model_ema": AveragedModel(model).state_dict(), "optimizer": {"lr": 0.1}},
    "of an average in a wrapper": lambda model: {
        "state_dict": {f"ema.{name}": tensor for name, tensor in AveragedModel(model).state_dict().items()},
        "epoch": 3,
    },
    "file": lambda model: save(model.state_dict()),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_same_run(opened, name):
    model = smaller(opened, HALF)
    with torch.no_grad():
        model.conv1.weight.add_(0.1)
    first, second = adopted(opened, model), adopted(opened, SOURCES[name](model))
    assert second.readings == first.readings
    one, other = (resolve(opened, verbs.recipe_of(run)).pruned.model.state_dict() for run in (first, second))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_file_by_its_path(opened, tmp_path):
    model = trained(opened, HALF)
    torch.save({"state_dict": model.state_dict(), "epoch": 1}, tmp_path / "mine.pth")
    run = adopted(opened, tmp_path / "mine.pth")
    assert run.readings[0].correct == right(model, opened.task.data.validation)


def test_weights_that_torch_prunes_are_folded(opened):
    recipe = replace(HALF, weights={"conv2": 0.5})
    model = smaller(opened, recipe)
    mask = verbs.masks(opened, recipe)["conv2.weight"]
    prune.custom_from_mask(model.conv2, "weight", mask)
    with torch.no_grad():
        model.conv2.weight_orig.add_(1.0)  # also where it is masked
    run = adopted(opened, model, recipe)
    weight = resolve(opened, verbs.recipe_of(run)).pruned.model.conv2.weight
    assert torch.equal(weight, model.conv2.weight_orig * mask)


def test_masks_mark_what_a_recipe_leaves(opened):
    masks = verbs.masks(opened, SPARSE)
    assert {name: (tuple(mask.shape), mask.dtype) for name, mask in masks.items()} == {
        "conv2.weight": ((6, 4, 3, 3), torch.bool),
        "stem.weight": ((6, 3, 3, 3), torch.bool),
    }
    assert masks["conv2.weight"].sum(1).unique().tolist() == [2]
    assert masks["stem.weight"].sum() == 6 * 3 * 9 / 2
    masks["conv2.weight"].zero_()
    assert verbs.masks(opened, SPARSE)["conv2.weight"].any()


def test_bits_are_rounded_after(opened):
    recipe = replace(HALF, bits={"conv1": 3})
    model = trained(opened, HALF)
    run = adopted(opened, model, recipe)
    assert run.cost == verbs.cost(opened, recipe)
    subject = resolve(opened, verbs.recipe_of(run))
    (precision,) = subject.state.precisions.values()
    rounded = copy.deepcopy(model)
    rounded.conv1.weight.data = quantize(model.conv1.weight.detach(), precision)
    assert run.readings[0].correct == right(rounded, opened.task.data.validation)
    precise = resolve(opened, replace(verbs.recipe_of(run), bits={})).pruned.model
    assert torch.equal(precise.conv1.weight, model.conv1.weight)


def test_a_network_without_its_block(opened):
    (block,) = blocks_of(opened)
    recipe = Recipe(blocks=(block.name,), channels={"stem": 0.5})
    model = trained(opened, recipe)
    run = adopted(opened, model, recipe)
    assert run.readings[0].correct == right(model, opened.task.data.validation)
    with pytest.raises(CheckpointError, match=r"shapes of the dense network \(conv1\.weight went with its block\)"):
        adopted(opened, opened.task.model, Recipe(blocks=(block.name,)))


def test_without_train_data_it_is_measured_all_the_same(opened):
    without = replace(opened, task=replace(opened.task, data=replace(opened.task.data, train=None)))
    model = trained(opened, HALF)
    assert adopted(without, model).readings[0].correct == right(model, opened.task.data.validation)
    with pytest.raises(RecipeError, match="need train data to find their range"):
        adopted(without, model, replace(HALF, bits={"conv1": 8}, activation_bits=8))
    assert len(verbs.history(without)) == 1


def test_an_untrained_cut_is_itself(opened):
    recipe = replace(HALF, recalibrate=False)
    run = adopted(opened, smaller(opened, recipe), recipe)
    assert run.readings[0].correct == verbs.last(verbs.evaluate(opened, recipe)).reading.correct


def changed(**tensors):
    return lambda model: {**model.state_dict(), **{name.replace("__", "."): value for name, value in tensors.items()}}


def renamed(old, new):
    return lambda model: {name.replace(old, new): tensor for name, tensor in model.state_dict().items()}


def twice(model):
    average = {f"ema.{name}": tensor for name, tensor in AveragedModel(model).state_dict().items()}
    return {**{f"net.{name}": tensor for name, tensor in model.state_dict().items()}, **average}


REFUSED = {
    "a group of another size": (
        changed(conv1__weight=torch.zeros(6, 4, 3, 3)),
        r"cut by another recipe \(group 'conv1' has 6 units where this one leaves 4 of 8\)",
    ),
    "the same behind a flatten": (
        changed(fc__weight=torch.zeros(4, 5)),
        r"cut by another recipe \(group 'stem' has 5 units where this one leaves 3 of 6\)",
    ),
    "a layer wider than the dense one": (
        changed(conv1__weight=torch.zeros(9, 3, 3, 3)),
        "gives conv1.weight the shape or type 9×3×3×3 where this network has 4×3×3×3",
    ),
    "more classes": (changed(fc__bias=torch.zeros(5)), "gives fc.bias the shape or type 5 where this network has 4"),
    "another name": (renamed("fc.", "head."), r"lacks fc\.weight and fc\.bias \(the nearest that it holds is head\.w"),
    "one tensor more": (changed(aux__weight=torch.zeros(1)), r"holds aux\.weight, which this network has not"),
    "two networks": (twice, r"holds the network twice, the second time under 'ema\.module\.'"),
    "another network": (lambda _: nn.Linear(2, 2), r"The network lacks stem\.weight, bn0\.weight, .* \(0 fit"),
    "no state dict": (lambda _: {"epoch": 3}, "The state dict holds 'epoch', which is no tensor"),
    "a meta tensor": (changed(fc__bias=torch.zeros(4, device="meta")), r"stores fc\.bias in a form that is no plain"),
    "a damaged file": (lambda model: save(model.state_dict())[:-9], "is truncated or damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence_and_nothing_is_stored(opened, name):
    source, message = REFUSED[name]
    recipe = Recipe(channels={"conv1": 0.5, "stem": 0.5})
    _refused(opened, source(smaller(opened, recipe)), recipe, message)


def test_the_dense_network_is_told_apart(opened):
    _refused(
        opened,
        nn.DataParallel(opened.task.model),
        Recipe(channels={"conv1": 0.5}),
        r"has the shapes of the dense network \(conv1\.weight is 8×6×3×3, once cut 4×6×3×3\); train the one that",
    )


def test_zeros_that_came_back_are_counted(opened):
    model = smaller(opened, SPARSE)
    with torch.no_grad():
        weights = model.stem.weight.view(-1)
        weights[(weights == 0).nonzero()[:2]] = 1e-9  # 81 of stem's and 108 of conv2's were zero
    _refused(opened, model, SPARSE, "not zero any more in 2 of the 189 weights .* `masks` returns")


def test_a_recipe_that_does_not_fit_is_refused(opened):
    with pytest.raises(RecipeError, match="no group or layer 'conv9'"):
        adopted(opened, smaller(opened, HALF), Recipe(channels={"conv9": 0.5}))


def test_a_workspace_that_cannot_be_written_is_refused_first(opened):
    with pytest.raises(WorkspaceError, match="cannot be written"):
        verbs.adopt(replace(opened, workspace=Workspace("/proc/nothing")), {}, HALF)


def _refused(opened, source, recipe, message):
    with pytest.raises(CheckpointError, match=message) as raised:
        verbs.adopt(opened, source, recipe)
    text = str(raised.value)
    assert text.endswith(".")
    assert text.count(". ") == 0
    assert "\n" not in text
    assert verbs.history(opened) == ()
    assert not (opened.workspace.path / "weights").exists()
