import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from prunekit.errors import PrunekitError, TaskError
from prunekit.face.opening import open as open_desk
from tests.nets import Residual, make
from tests.samples import pair
from tests.untouched import untouched

X, Y = pair(60, 1)
CUT = {"channels": {"conv1": 0.5}}


def test_the_network_is_never_changed(workspace):
    model = make("residual").train()
    model.bn1.eval()
    model.fc.weight.requires_grad_(False)
    model.stem.register_forward_hook(lambda *_: None)
    model(X).sum().backward()
    with untouched(model):
        desk = open_desk(model, validation=(X, Y), train=(X, Y), workspace=workspace)
        desk.evaluate(CUT)
        desk.prune(CUT)
        desk.recover(CUT, epochs=1)


def test_the_samples_are_copies(workspace):
    x, y = X.clone(), Y.clone()
    desk = open_desk(make("residual"), validation=(x, y), workspace=workspace)
    before = desk.evaluate().reading
    x.zero_()
    y.zero_()
    after = desk.evaluate().reading
    assert (after.correct, after.loss) == (before.correct, before.loss)


@pytest.mark.parametrize(
    "given",
    [
        (X.numpy().astype("float64"), Y.numpy().astype("int32")),
        [X.numpy(), Y.numpy()],
        (X.tolist(), Y.tolist()),
        list(zip(X, Y, strict=True)),
        [(x.numpy(), int(y)) for x, y in zip(X, Y, strict=True)],
        TensorDataset(X, Y),
        DataLoader(TensorDataset(X, Y), batch_size=7),
        DataLoader(TensorDataset(X, Y), batch_size=7, shuffle=True, drop_last=True),
    ],
)
def test_every_form_of_the_same_samples_gives_the_same_task(given, workspace):
    plain = open_desk(make("residual"), validation=(X, Y), workspace=workspace)
    other = open_desk(make("residual"), validation=given, workspace=workspace)
    assert other.opened.data_digest == plain.opened.data_digest
    assert other.opened.digest == plain.opened.digest


def test_accuracy_is_what_a_plain_loop_counts(workspace):
    model = make("residual")
    with torch.no_grad():
        right = int((model(X).argmax(1) == Y).sum())
    reading = (
        open_desk(model.train(), validation=DataLoader(TensorDataset(X, Y), 16), workspace=workspace).evaluate().reading
    )
    assert (reading.correct, reading.n, reading.metric, reading.split) == (right, 60, "accuracy", "validation")


def test_validation_alone_tunes_and_the_rest_is_said(workspace):
    desk = open_desk(make("residual"), validation=(X, Y), workspace=workspace)
    evaluation = desk.evaluate(CUT)
    assert not evaluation.reading.recalibrated
    assert any("recalibration needs train data, and there are none" in note for note in evaluation.notes)
    with pytest.raises(TaskError, match="needs train data, and this task has none"):
        desk.recover(CUT)
    with pytest.raises(PrunekitError, match="Taylor scores need train data, and this task has none"):
        desk.evaluate({**CUT, "criterion": "taylor"})
    with pytest.raises(PrunekitError, match="no test split"):
        desk.evaluate(CUT, split="test")


def test_without_labels_it_is_agreement(workspace):
    for given in ({"validation": (X, None)}, {"example": X}):
        reading = open_desk(make("residual"), **given, workspace=workspace).evaluate().reading
        assert (reading.metric, reading.value, reading.n) == ("agreement", 1.0, 60)


def test_own_metric_classes_and_name(workspace):
    def always_half(model, data):
        return 0.5

    names = ("a", "b", "c", "d")
    desk = open_desk(
        make("residual"),
        data={"validation": (X, Y)},
        metric=always_half,
        classes=names,
        name="mine",
        workspace=workspace,
    )
    assert (desk.evaluate().reading.metric, desk.evaluate().reading.value) == ("always_half", 0.5)
    assert (desk.opened.task.name, desk.opened.task.data.classes) == ("mine", names)


def test_wrappers_are_taken_off(workspace):
    desk = open_desk(nn.DataParallel(make("residual")), validation=(X, Y), workspace=workspace)
    assert type(desk.prune(CUT).model) is Residual
    assert desk.opened.task.name == "residual"


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # PyTorch's own, when programs are copied
def test_a_program_is_opened_with_samples(workspace, tmp_path):
    dim = torch.export.Dim("batch", min=1)
    program = torch.export.export(make("residual"), (X[:2],), dynamic_shapes=({0: dim},))
    torch.export.save(program, tmp_path / "net.pt2")
    desk = open_desk(tmp_path / "net.pt2", validation=(X, Y), workspace=workspace)
    plain = open_desk(make("residual"), validation=(X, Y), workspace=workspace)
    assert desk.opened.task.name == "net"
    assert desk.evaluate().reading.correct == plain.evaluate().reading.correct


class Uncopied(nn.Linear):
    def __deepcopy__(self, memo):
        raise RuntimeError("there is one of me")


class Kept(Residual):
    """Keeps what a pass with gradients gave, as many people's networks do."""

    def forward(self, x):
        self.seen = super().forward(x)
        return self.seen


def test_a_network_that_keeps_its_last_result_is_opened_and_keeps_it(workspace):
    net = Kept().eval()
    net(X[:2])
    seen = net.seen
    desk = open_desk(net, validation=(X, Y), workspace=workspace)
    assert desk.evaluate().reading.correct == int((net(X).argmax(1) == Y).sum())
    assert desk.evaluate({"channels": {"stem": 0.5}}).exactness.holds
    assert seen.requires_grad


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: {"weight": X}, "A network is a torch.nn.Module, .* not dict"),
        (lambda: make("residual").to("meta"), "stem.weight is on the device 'meta' and has no values"),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(4)),
            "does not know the sizes of 1.weight and 1.bias yet; run it once",
        ),
        (lambda: nn.Sequential(nn.Flatten(), Uncopied(108, 4)), "only a copy is ever cut: .* there is one of me"),
        (
            lambda: torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(108, 4))),
            "TorchScript program, which cannot be cut",
        ),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 4)), r"cannot run on input of shape \(3, 6, 6\)"),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(108, 3)),
            "targets go from 0 to 3, but the network's outputs are 3",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules", "ignore:.*torch.jit")
def test_networks_that_cannot_be_opened(model, message, workspace):
    with pytest.raises(TaskError, match=message) as raised:
        open_desk(model(), validation=(X, Y), workspace=workspace)
    assert "\n" not in str(raised.value)
    assert not workspace.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "There are no validation samples to measure on; give validation=, a pair of arrays"),
        ({"train": (X, Y)}, "There are no validation samples"),
        ({"validation": (X, Y), "data": {"validation": (X, Y)}}, "data= and validation= are both given"),
        ({"data": {"val": (X, Y)}}, "Unknown split 'val'; did you mean validation?"),
        ({"validation": (X, Y), "example": X}, "The samples say what an input looks like"),
        (
            {"validation": (X, Y), "train": (X[:, :, :3], Y)},
            r"train samples have shape \(3, 3, 6\); \(3, 6, 6\) is expected",
        ),
        ({"validation": (X, Y), "metric": "accurate"}, "Unknown metric 'accurate'; did you mean accuracy?"),
        ({"validation": (X, Y), "metric": "mean IoU"}, "needs a class for every pixel"),
        ({"validation": (X, Y), "train": (X, None)}, "Some splits have targets and some have none"),
        ({"validation": (X, Y), "name": "resnet8"}, "name of a bundled task"),
        ({"validation": (X, Y), "name": "../mine"}, "letters, digits"),
        ({"validation": (X, Y), "classes": ("a", "b")}, "only 2 classes are named"),
        (
            {"validation": ((X * 9).byte(), Y)},
            "samples are torch.uint8, and as torch.float32 it can, so give them as that",
        ),
    ],
)
def test_samples_that_cannot_be_opened(given, message, workspace):
    with pytest.raises(TaskError, match=message) as raised:
        open_desk(make("residual"), **given, workspace=workspace)
    assert "\n" not in str(raised.value)


def test_what_a_bundled_task_says_itself_is_not_silently_left_out(workspace):
    with pytest.raises(TaskError, match="resnet8 says itself what is measured; leave data= out"):
        open_desk("resnet8", validation=(X, Y), workspace=workspace)
    with pytest.raises(TaskError, match="Unknown task 'resnet9'; did you mean"):
        open_desk("resnet9", workspace=workspace)


def test_the_workspace_is_that_of_every_verb(monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "here"))
    assert open_desk(make("residual"), validation=(X, Y)).opened.workspace.path == tmp_path / "here"


def test_random_generators_are_as_they_were(workspace):
    own = torch.Generator().manual_seed(3)
    loader = DataLoader(TensorDataset(X, Y), batch_size=7, shuffle=True, generator=own)
    before = torch.get_rng_state(), own.get_state(), copy.deepcopy(np.random.get_state()[1])
    open_desk(make("residual"), validation=loader, workspace=workspace)
    after = torch.get_rng_state(), own.get_state(), np.random.get_state()[1]
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert np.array_equal(before[2], after[2])
