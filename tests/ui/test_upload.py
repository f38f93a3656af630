import torch
from safetensors.torch import load_file, save

from prunekit.tasks.bundled import CHECKPOINTS
from prunekit.ui.state.session import Session, Upload
from tests.ui.conftest import desk, settle


def test_another_checkpoint_opens_as_data(visit):
    content = (CHECKPOINTS / "resnet8.safetensors").read_bytes()
    app = visit("open")
    app.file_uploader(key="checkpoint").upload("mine.safetensors", content).run()
    app = settle(app)
    assert not app.exception
    assert desk(app).upload == Upload("resnet8", "mine.safetensors", content)
    assert any("mine.safetensors" in success.value.replace("\\", "") for success in app.success)


def test_a_truncated_checkpoint_is_one_sentence_and_a_way_back(visit):
    content = (CHECKPOINTS / "resnet8.safetensors").read_bytes()[:2000]
    app = visit("tune", session=Session("resnet8", upload=Upload("resnet8", "half.safetensors", content)))
    assert len(app.error) == 1
    assert not app.exception
    next(button for button in app.button if button.label == "Try again").click().run()
    app = settle(app)
    assert desk(app).upload is None
    assert app.get("bidi_component")


def test_another_head_is_refused_or_named_as_left_out(visit):
    """A file that sees nothing, without the last bias, with a wider last layer and one tensor too many."""
    state = load_file(CHECKPOINTS / "resnet8.safetensors")
    del state["fc.bias"]
    state |= {"fc.weight": torch.zeros(7, 64), "aux.weight": torch.zeros(1), "conv1.weight": torch.zeros(16, 1, 3, 3)}
    app = visit("open")
    app.toggle(key="checkpoint-partial").set_value(True).run()
    app.file_uploader(key="checkpoint").upload("mine.pt", save(state)).run()
    app = settle(app)
    assert not app.exception
    assert not desk(app).upload.strict
    warning = next(warning.value for warning in app.warning if "mine" in warning.value)
    assert "1 of the network's are missing, 1 of the file's are left over, 1 have another shape" in warning
    accuracy = next(tile for tile in app.metric if tile.label == "Accuracy :blue-badge[measured]")
    assert float(accuracy.value.removesuffix(" %")) < 20  # what this file does, not what the bundled one did
    strict = visit("open", session=Session("resnet8", upload=Upload("resnet8", "mine.pt", save(state))))
    assert len(strict.error) == 1
    assert "lacks fc" in strict.error[0].value
