from prunekit.tasks.zoo import CHECKPOINTS
from prunekit.ui.session import Session, Upload
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
