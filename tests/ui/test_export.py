import json

import pytest

from prunekit.recipe import Recipe
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from prunekit.ui.widgets.text import literal
from tests.own_formats import own_format
from tests.ui.conftest import settle


@pytest.fixture
def own(tmp_path):
    with own_format(tmp_path):
        yield


def test_an_export_shows_its_proof_and_offers_what_was_proved(visit, workspace, own):
    recipe = Recipe("resnet8", channels={"layer3.0.conv2": 0.5})
    app = visit("export", session=Session("resnet8", recipe=recipe))
    assert list(app.button_group(key="formats").options) == [
        "PyTorch state dict",
        "ONNX",
        "int8 for ONNX Runtime",
        "Whole module",
    ]
    app.button_group(key="formats").set_value(["whole"]).run()
    next(button for button in app.button if button.label == "Export and prove").click().run()
    owner = next(job.owner for job in reversed(jobs.worker().jobs()) if job.owner.startswith("export"))
    files = jobs.started(owner).wait(120).records[-1]
    app = settle(app)
    assert not app.exception
    assert not app.error
    checks = [
        markdown.value
        for markdown in app.markdown
        if "check\\_circle" in markdown.value or ":material/check_circle:" in markdown.value
    ]
    assert len(checks) == sum(len(file.proof.checks) for file in files)
    offered = {button.proto.label for button in app.get("download_button")}
    assert offered == {"Download", "Download all as one zip"}
    captions = {caption.value for caption in app.caption}
    assert literal("The module as torch.save writes it.") in captions
    assert {literal(file.caption) for file in files if file.caption} <= captions
    (folder,) = (workspace / "exports").glob(f"resnet8-*-{recipe.digest}")
    assert json.loads((folder / "recipe.json").read_text())["channels"] == {"layer3.0.conv2": 0.5}
    assert "def load(" in app.code[0].value
