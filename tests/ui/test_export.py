import json

from prunekit.recipe import Recipe
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.ui.conftest import settle


def test_an_export_shows_its_proof_and_offers_what_was_proved(visit, workspace):
    recipe = Recipe("resnet8", channels={"layer3.0.conv2": 0.5})
    app = visit("export", session=Session("resnet8", recipe=recipe))
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
    assert offered == {"Download"}
    (folder,) = (workspace / "exports").glob(f"resnet8-*-{recipe.digest}")
    assert json.loads((folder / "recipe.json").read_text())["channels"] == {"layer3.0.conv2": 0.5}
    assert "def load(" in app.code[0].value
