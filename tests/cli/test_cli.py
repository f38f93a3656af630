import json
import os
import re
from pathlib import Path

import pytest

from prunekit.cli import main


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "workspace"))


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_tasks_lists_what_can_be_opened(capsys):
    code, out, _ = run(capsys, "tasks", "--json")
    assert code == 0
    assert json.loads(out)[0]["name"] == "resnet8"


def test_an_answer_that_nobody_reads_on_is_no_error(monkeypatch):
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w") as stdout:  # closing writes what is left
        monkeypatch.setattr("sys.stdout", stdout)
        assert main(("tasks",)) == 141


def test_inspect_counts_resnet8_by_hand(capsys):
    code, out, _ = run(capsys, "inspect", "resnet8", "--json")
    found = json.loads(out)
    assert code == 0
    # weights of convolutions and the linear layer, 9 BatchNorms of two vectors each
    convolutions = 144 + 2304 * 2 + 4608 + 9216 + 512 + 18432 + 36864 + 2048
    norms = 2 * (16 * 3 + 32 * 3 + 64 * 3)
    assert found["params"] == convolutions + norms + 650
    # stem stride 2: 14×14 positions, then 7×7, then 4×4
    macs = (144 + 4608) * 196 + (4608 + 9216 + 512) * 49 + (18432 + 36864 + 2048) * 16 + 640
    assert found["macs"] == macs


def test_evaluate_reads_a_recipe_by_any_member_layer(capsys, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"channels": {"layer1.0.conv2": 0.25}}))
    _, out, _ = run(capsys, "evaluate", "resnet8", "--recipe", str(recipe), "--json", "--limit", "100")
    found = json.loads(out)
    # 12 of 16 stem channels stay: stem, both convolutions of stage 1, both readers in stage 2, two BatchNorms
    fewer = 4 * 9 + 2 * 4 * 16 * 9 + 4 * 32 * 9 + 4 * 32 + 2 * 2 * 4
    assert found["params"] == 77_754 - fewer
    assert found["n"] == 100


@pytest.mark.parametrize(
    ("arguments", "recipe", "message"),
    [
        (("evaluate", "resnet9"), None, "Unknown task 'resnet9'; did you mean resnet8"),
        (("evaluate", "resnet8"), '{"channels": {"layer9": 0.5}}', "There is no group or layer 'layer9'; did you mean"),
        (("evaluate", "resnet8"), '{"chanels": {}}', "Unknown recipe key 'chanels'; did you mean channels?"),
        (("evaluate", "resnet8"), '{"channels": {"conv1": 2}}', "Sparsity is a fraction from 0 to 1"),
        (("evaluate", "resnet8"), '{"channels": {"fc": 0.5}}', "Group 'fc' is protected (network output)"),
        (("evaluate", "resnet8"), "{", "The recipe is not valid JSON"),
        (("evaluate", "resnet8", "--split", "train"), None, "There is no split 'train'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, tmp_path, arguments, recipe, message):
    if recipe is not None:
        path = tmp_path / "recipe.json"
        path.write_text(recipe)
        arguments = (*arguments, "--recipe", str(path))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "workspace").exists()


def test_a_missing_recipe_file_is_one_line(capsys, tmp_path):
    code, _, err = run(capsys, "evaluate", "resnet8", "--recipe", str(tmp_path / "none.json"))
    assert code == 2
    assert "cannot be read: No such file or directory." in err


def test_bits_are_those_of_all_inner_layers_or_of_one(capsys):
    _, out, _ = run(capsys, "evaluate", "resnet8", "--bits", "4", "--bits", "fc=2", "--json", "--limit", "100")
    found = json.loads(out)
    # All convolutions but the first have 4 bits, fc 640 weights of 2; scales and everything else take 4 bytes each.
    few = 2304 * 2 + 4608 + 9216 + 512 + 18432 + 36864 + 2048
    scales = 16 * 2 + 32 * 3 + 64 * 3 + 10
    buffers = 2 * (16 * 3 + 32 * 3 + 64 * 3) * 4 + 9 * 8
    assert found["bytes"] == few // 2 + 640 // 4 + 4 * (77_754 - few - 640 + scales) + buffers
    code, _, err = run(capsys, "evaluate", "resnet8", "--bits", "four")
    assert (code, err) == (2, "prunekit: --bits takes a number, or LAYER=NUMBER, not 'four'.\n")


def test_check_proves_every_group_or_says_why_it_is_protected(capsys):
    code, out, _ = run(capsys, "check", "resnet8", "--json")
    proofs = {proof["group"]: proof for proof in json.loads(out)}
    assert code == 0
    assert [name for name, proof in proofs.items() if proof["protected"]] == ["fc"]
    assert all(proof["exact"] and proof["error"] < 1e-12 for name, proof in proofs.items() if name != "fc")
    assert (proofs["layer3.0.conv1"]["units"], proofs["layer3.0.conv1"]["removed"]) == (64, 32)


def test_inspect_says_what_the_checkpoint_filled(capsys):
    _, out, _ = run(capsys, "inspect", "resnet8")
    assert "checkpoint resnet8.safetensors (safetensors): " in out
    _, out, _ = run(capsys, "inspect", "resnet8", "--json")
    found = json.loads(out)["checkpoint"]
    assert found["whole"]
    assert "fc.bias" in found["matched"]


EXAMPLE = Path(__file__).parents[2] / "examples" / "own_images"


def test_flags_open_what_a_project_file_opens(capsys, monkeypatch):
    """The example by its file, and by flags from its folder."""
    _, by_file, _ = run(capsys, "evaluate", str(EXAMPLE), "--json")
    monkeypatch.chdir(EXAMPLE)
    flags = "--factory nets.py:shape_net --argument width=16 --checkpoint shapes.pth --input 3,32,32"
    code, by_flags, _ = run(
        capsys, "evaluate", "shapes", *flags.split(), *"--data photos --mean 0.5 --std 0.25 --json".split()
    )
    assert code == 0
    first, second = json.loads(by_file), json.loads(by_flags)
    assert first["n"] == 36
    assert first == second


def test_the_metric_of_the_example_is_measured(capsys):
    """Its own function, which the README shows, beside the accuracies of the classes."""
    project = EXAMPLE.with_name("own_model")
    _, out, _ = run(capsys, "evaluate", str(project), "--json")
    code, own, _ = run(capsys, "evaluate", str(project), "--metric", f"{project / 'nets.py'}:worst_class", "--json")
    assert code == 0
    assert json.loads(own)["metric"] == "worst_class"
    assert json.loads(own)["value"] == pytest.approx(min(json.loads(out)["per_class"]))
    (shown,) = re.findall(r"```python\ndef .*?\n(.*?)```", (project / "README.md").read_text(), re.DOTALL)
    assert shown in (project / "nets.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect", "own", "--factory", "nets.py:shape_net"), "The command line lacks 'data'"),
        (("inspect", "resnet8", "--data", "photos"), "has its own settings; 'data' is not used"),
        (("inspect", "no.pt2", "--data", "photos", "--input", "3,32,32"), "The program no.pt2 cannot be read"),
        (("inspect", ".", "--metric", "mean IoU"), "mean IoU needs a class for every pixel"),
        (("inspect", ".", "--metric", "topp-5"), "Unknown metric 'topp-5'; did you mean top-5?"),
        (("inspect", ".", "--checkpoint", "photos/val/circle/00.png"), "is neither a safetensors file nor"),
        (("inspect", ".", "--argument", "width=8"), "it belongs to another network"),
    ],
)
def test_one_sentence_for_flags_that_do_not_fit(capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(EXAMPLE)
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err or "gives features.0.weight" in err
    assert err.count("\n") == 1


def test_a_part_of_a_checkpoint_is_taken_only_when_that_is_said(capsys, monkeypatch):
    monkeypatch.chdir(EXAMPLE)
    _, out, _ = run(capsys, "inspect", ".", "--argument", "width=8", "--partial", "--json")
    fit = json.loads(out)["checkpoint"]
    assert not fit["whole"]
    assert "features.0.weight" in [one["name"] for one in fit["reshaped"]]


EXITS = """
import sys
from torch import nn
class Net(nn.Linear):
    def forward(self, x):
        return super().forward(x) if len(x) <= 4 else sys.exit(3)
def net():
    return Net(2, 2)
def data():
    import torch
    return {"validation": (torch.arange(10.0).view(5, 2), torch.arange(5) % 2)}
"""


def test_code_of_a_project_that_exits_is_said_in_one_sentence(capsys, tmp_path):
    (tmp_path / "nets.py").write_text(EXITS)
    file = tmp_path / "nets.py"
    code, _, said = run(capsys, "evaluate", "own", "--factory", f"{file}:net", "--data", f"{file}:data")
    assert code == 2
    assert said == "prunekit: code of the project called sys.exit(3); let it raise an error.\n"
