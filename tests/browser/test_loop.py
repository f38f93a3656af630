"""What PruneKit is for, from the first drag to the file on disk, as a person does it."""

import json
import subprocess
import sys
import zipfile

from playwright.sync_api import expect

from prunekit.cli import main
from tests.browser.bars import bar, measured, pull, ready, tile

RECEIVER = """
import torch
from load_resnet8 import load
from prunekit.tasks.opening import open_task

model = load()
model.load_state_dict(torch.load("resnet8.pth", weights_only=True))
split = open_task("resnet8").data.validation
with torch.no_grad():
    right = (model(split.inputs).argmax(1) == split.targets).sum()
print(sum(p.numel() for p in model.parameters()), int(right))
"""
CUT = {"layer2.0.conv1": 0.5, "layer3.0.conv1": 0.75}


def test_drag_see_download_and_load_in_a_fresh_process(page, tmp_path, capsys, monkeypatch):
    page.goto("/")
    ready(page)
    for layer, sparsity in CUT.items():
        pull(page, layer, sparsity)
        expect(bar(page, layer)).to_have_attribute("aria-valuenow", str(round(100 * sparsity)))
        ready(page)

    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "workspace"))
    (tmp_path / "recipe.json").write_text(json.dumps({"channels": CUT}))
    assert main(["evaluate", "resnet8", "--recipe", str(tmp_path / "recipe.json"), "--json"]) == 0
    said_by_cli = json.loads(capsys.readouterr().out)
    percent = f"{100 * said_by_cli['value']:.1f} %"
    expect(tile(page, "accuracy").locator(".value")).to_have_text(percent)
    expect(tile(page, "accuracy")).to_contain_text(f"{said_by_cli['correct']} of 1,000 validation samples")
    for name in ("params", "macs", "flops", "bytes"):
        expect(tile(page, name).locator(".detail")).to_have_text(f"{said_by_cli[name]:,}")

    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Export").click()
    page.get_by_role("button", name="PyTorch state dict").click()
    page.get_by_role("button", name="Export and prove").click()
    offered = page.get_by_test_id("stDownloadButton")
    expect(offered).to_have_count(6)
    for index in range(6):
        with page.expect_download() as download:
            offered.nth(index).get_by_role("button").click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    (archive,) = tmp_path.glob("resnet8-*.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "unpacked")
    names = {"resnet8.safetensors", "resnet8.pth", "resnet8.pt2", "load_resnet8.py", "recipe.json"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    for folder in (tmp_path, tmp_path / "unpacked" / "resnet8"):
        ran = subprocess.run([sys.executable, "-c", RECEIVER], cwd=folder, capture_output=True, text=True, check=True)
        assert [*map(int, ran.stdout.split())] == [said_by_cli["params"], said_by_cli["correct"]]


def test_the_desk_answers_while_a_scan_runs(page):
    page.goto("/sensitivity?task=resnet20")
    page.get_by_role("button", name="Scan 108 cuts").click()
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Cancel")
    expect(stop).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Tune").click()
    ready(page)
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="Cancel")).to_be_visible()  # on every page
    layer = "layer3.0.conv1"
    pull(page, layer, 0.25)
    expect(tile(page, "params").locator(".delta")).to_contain_text("%")
    measured(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Sensitivity").click()
    expect(stop).to_be_visible()  # it was not waited for
    stop.click()
    expect(stop).to_be_hidden()
