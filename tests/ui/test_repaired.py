"""Three numbers of one cut: as cut, repaired and after training, each of the network that it says."""

import pytest

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Reading
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.reading import measure, trained_run
from prunekit.ui.state.repaired import repaired
from prunekit.ui.state.session import Hand, Session
from tests.ui.conftest import settle, tiles

CUT = Recipe("resnet8", channels={"conv1": 0.5})


@pytest.fixture
def opened(workspace):
    return worker().call(lambda: verbs.open_task("resnet8", workspace))


def test_a_cut_is_repaired_as_the_verb_does_it(visit, opened):
    app = settle(visit(session=Session("resnet8", recipe=CUT)))
    *_, expected = (step for step in verbs.repair(opened, CUT) if isinstance(step, Reading))
    shown = tiles(app)
    assert shown["repaired"]["value"] == f"{100 * expected.value:.1f} %"
    assert shown["repaired"]["detail"][0] == f"{expected.correct} of 1,000 validation samples"
    assert shown["accuracy"]["label"] == "Accuracy as cut"
    assert shown["trained"]["value"] == "–"


def test_what_cannot_be_repaired_says_why(visit):
    shown = tiles(visit())
    assert (shown["repaired"]["value"], shown["repaired"]["detail"][0]) == ("–", "no channel is cut")
    assert shown["accuracy"]["label"] == "Accuracy"


def test_a_repair_waits_for_the_hand_and_ends_when_the_desk_moves(opened):
    now = Session("resnet8", recipe=CUT, hand=Hand(is_final=False))
    measure(opened, now).ticket.wait()
    assert repaired(opened, now).reading is None
    assert "repaired" not in now.questions
    now.hand = Hand(is_final=True)
    measure(opened, now).ticket.wait()
    assert not repaired(opened, now).finished
    ticket = now.questions["repaired"].ticket
    now.recipe = Recipe("resnet8", channels={"conv1": 0.25})
    assert repaired(opened, now).reading is None
    assert ticket.wait().finished  # nobody asks for it any more
    assert "repaired" not in now.questions


def test_a_refused_repair_gives_its_reason(opened):
    def fails():
        raise RecipeError("no layer reads what it cuts")
        yield

    now = Session("resnet8", recipe=CUT)
    measure(opened, now).ticket.wait()
    ask("repaired", (opened.key, CUT), fails, now=now).ticket.wait()
    assert repaired(opened, now).reason == "no layer reads what it cuts"


def test_the_newest_training_of_the_very_recipe_counts(opened):
    now = Session("resnet8", recipe=CUT)
    assert trained_run(opened, now) is None
    worker().call(lambda: verbs.last(verbs.reconstruct(opened, CUT)))
    assert trained_run(opened, now) is None  # nothing was trained
    run = worker().call(lambda: verbs.last(verbs.recover(opened, CUT, epochs=1)))
    assert trained_run(opened, now) == run
    now.recipe = Recipe("resnet8", channels={"conv1": 0.25})
    assert trained_run(opened, now) is None
