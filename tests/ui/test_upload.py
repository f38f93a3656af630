import threading

import torch
from safetensors.torch import load_file, save

from prunekit.engine.shared import worker
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.tasks.bundled import CHECKPOINTS
from prunekit.ui.navigation import FOLDER, SECTIONS
from prunekit.ui.state.session import Hand, Session, Upload
from tests.own_projects import write_own
from tests.ui.conftest import desk, settle


def test_another_checkpoint_opens_as_data(visit):
    content = (CHECKPOINTS / "resnet8.safetensors").read_bytes()
    app = visit("open")
    app.file_uploader(key="checkpoint").upload("mine.safetensors", content).run()
    app = settle(app)
    assert not app.exception
    assert desk(app).upload == Upload("resnet8", "mine.safetensors", content)
    assert any("mine.safetensors" in success.value.replace("\\", "") for success in app.success)


def test_a_wrong_checkpoint_is_refused_where_it_was_given_and_the_desk_stays(visit):
    cut = Recipe("resnet8", channels={"layer3.0.conv1": 0.5})
    content = (CHECKPOINTS / "vgg.safetensors").read_bytes()
    hand = Hand(rev=7, pinned=("conv1",))
    app = visit("open", session=Session("resnet8", recipe=cut, mode=Mode.WEIGHTS, hand=hand))
    app.file_uploader(key="checkpoint").upload("vgg.safetensors", content).run()
    app = settle(app)
    (error,) = app.error
    assert error.value.startswith("vgg.safetensors was not opened; the desk is as it was. The checkpoint has no tensor")
    assert app.file_uploader(key="checkpoint")
    assert (desk(app).recipe, desk(app).mode, desk(app).hand, desk(app).upload) == (cut, Mode.WEIGHTS, hand, None)
    for page in (name for pages in SECTIONS.values() for name in pages if name != "open"):
        app.switch_page(str(FOLDER / f"{page}.py"))
        app = settle(app)
        assert not app.exception
        assert not app.error
        assert desk(app).recipe == cut
    app.switch_page(str(FOLDER / "open.py"))
    app = settle(app)
    assert len(app.error) == 1
    app.selectbox(key="task").set_value("article").run()
    assert not settle(app).error  # it was about the task before


def test_the_desk_is_the_one_before_until_a_checkpoint_is_open(visit):
    cut = Recipe("resnet8", channels={"conv1": 0.5})
    app = visit("open", session=Session("resnet8", recipe=cut))
    begun, ended = threading.Event(), threading.Event()

    def busy():
        begun.set()
        ended.wait(60)
        yield

    worker().reading("busy", busy)
    begun.wait(60)
    try:
        content = (CHECKPOINTS / "resnet8.safetensors").read_bytes()
        app.file_uploader(key="checkpoint").upload("mine.safetensors", content).run()
        assert {caption.value for caption in app.sidebar.caption} == {"Opening mine.safetensors …"}
        assert (desk(app).recipe, desk(app).upload) == (cut, None)
    finally:
        ended.set()
    assert desk(settle(app)).upload == Upload("resnet8", "mine.safetensors", content)


def test_what_is_open_with_a_checkpoint_that_cannot_be_read_again_falls_back_to_its_own_weights(visit):
    content = (CHECKPOINTS / "resnet8.safetensors").read_bytes()[:2000]
    app = visit("tune", session=Session("resnet8", upload=Upload("resnet8", "half.safetensors", content)))
    assert not app.exception
    assert desk(app).upload is None
    assert app.get("bidi_component")
    app.switch_page(str(FOLDER / "open.py"))
    (error,) = settle(app).error
    assert error.value.startswith("half.safetensors was not opened; the desk is as it was. The checkpoint is truncated")


def test_a_task_that_cannot_be_opened_is_named_and_tried_again(visit, tmp_path):
    project = tmp_path / "shapes" / "prunekit.toml"
    app = visit("tune", str(project))
    assert app.error[0].value.startswith("shapes cannot be opened. ")
    project.parent.mkdir()
    write_own(project.parent, "graph")
    next(button for button in app.button if button.label == "Try again").click().run()
    app = settle(app)
    assert not app.error
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
    strict = visit("open")
    strict.file_uploader(key="checkpoint").upload("mine.pt", save(state)).run()
    strict = settle(strict)
    assert len(strict.error) == 1
    assert "lacks fc" in strict.error[0].value
    strict.toggle(key="checkpoint-partial").set_value(True).run()  # the file is still in the box
    strict = settle(strict)
    assert not strict.error
    assert desk(strict).upload == desk(app).upload
