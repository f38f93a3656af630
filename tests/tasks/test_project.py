import numpy as np
import pytest
import torch
from torch import nn

from prunekit.errors import TaskError
from prunekit.tasks.project import open_project

NETS = """
from torch import nn
def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
def other():
    return nn.Sequential(nn.Flatten(), nn.Linear(5, 3))
def number():
    return 3
def raises():
    raise RuntimeError("no licence")
class Writes(nn.Sequential):
    def forward(self, x):
        x -= 0.5
        return super().forward(x)
def writes():
    return Writes(nn.Flatten(), nn.Linear(4, 3))
def double():
    return net().double()
def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
def script():
    import torch, warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(torch.jit.trace(net(), torch.zeros(1, 1, 2, 2)))
"""


@pytest.fixture
def write(tmp_path):
    """Write a project of a linear net on 30 samples of shape (1, 2, 2); keyword arguments replace settings."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    torch.save(model.state_dict(), tmp_path / "net.pt")
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(5, 3)).state_dict(), tmp_path / "other.pt")
    (tmp_path / "nets.py").write_text(NETS)
    np.savez(tmp_path / "data.npz", X=np.zeros((30, 1, 2, 2), np.float32), y=np.arange(30) % 3)

    def write(**changes):
        settings = {
            "name": '"own"',
            "factory": '"nets.py:net"',
            "checkpoint": '"net.pt"',
            "input": "[1, 2, 2]",
            "data": '"data.npz"',
            **changes,
        }
        path = tmp_path / "prunekit.toml"
        path.write_text("".join(f"{key} = {value}\n" for key, value in settings.items() if value is not None))
        return path

    return write


def test_a_project_opens(write, tmp_path):
    task = open_project(write())
    assert task.name == task.title == "own"
    assert not task.model.training
    stored = torch.load(tmp_path / "net.pt", weights_only=True)
    assert torch.equal(task.model[1].weight, stored["1.weight"])
    assert task.factory_path == f"{tmp_path / 'nets.py'}:net"
    assert task.data.classes == ("0", "1", "2")
    assert isinstance(task.factory(), nn.Sequential)


def test_classes_are_named(write):
    assert open_project(write(classes='["a", "b", "c"]')).data.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factroy": '"nets.py:net"'}, "unknown key 'factroy'; did you mean factory"),
        ({"factory": None}, "lacks 'factory': a text such as"),
        ({"data": None}, "lacks 'data'"),
        ({"name": "3"}, "gives 'name' the value 3; expected a text"),
        ({"name": '"vgg"'}, "name 'vgg' of a bundled task; choose another"),
        ({"name": '"own'}, "not valid TOML"),
        ({"input": '"1x2x2"'}, "gives 'input' the value '1x2x2'; expected the shape of one sample"),
        ({"input": "[1, 0, 2]"}, "gives 'input'"),
        ({"input": "[4, 1, 1]"}, r"validation samples have shape \(1, 2, 2\); \(4, 1, 1\) is expected"),
        ({"classes": "[1, 2, 3]"}, "gives 'classes'"),
        ({"classes": '["a", "b"]'}, "a target 2, but only 2 classes are named"),
        ({"classes": '["a", "b", "c", "d"]'}, r"logits \(batch, classes\), here \(2, 4\); it returned \(2, 3\)"),
        ({"factory": '"nets.py:nett"'}, "has no function 'nett'; did you mean net"),
        ({"factory": '"nets.py:number"'}, "must return a torch.nn.Module; it returned int"),
        ({"factory": '"nets.py:script"'}, "TorchScript program, which cannot be cut; give the network's own class"),
        ({"factory": '"nets.py:lazy"'}, "does not know the sizes of 1.weight and 1.bias yet; run it once"),
        (
            {"factory": '"nets.py:double"', "checkpoint": None},
            "its weights are torch.float64 and the samples",
        ),
        ({"factory": '"nets.py:writes"'}, "writes into its input, which would change the samples"),
        ({"factory": '"nets.py:raises"'}, "nets.py:raises raised RuntimeError: no licence"),
        ({"factory": '"nets.py:other"'}, r"1\.weight the shape or type 3×4"),
        ({"factory": '"nets.py:other"', "checkpoint": '"other.pt"'}, r"cannot run on input of shape \(1, 2, 2\)"),
        ({"checkpoint": '"absent.pt"'}, "absent.pt cannot be read"),
        ({"checkpoint": '"data.npz"'}, "data.npz is an archive, but none that torch.save wrote"),
        ({"data": '"absent.npz"'}, "absent.npz cannot be read"),
    ],
)
def test_one_clear_sentence_for_each_mistake(write, changes, message):
    with pytest.raises(TaskError, match=message) as raised:
        open_project(write(**changes))
    assert "\n" not in str(raised.value)
