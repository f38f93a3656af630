"""The example notebooks run from scratch, and say what the committed ones say."""

import re

import nbformat
import pytest

from tools.notebooks import FIGURE, NOTEBOOKS, PICTURE, executed, figures

pytestmark = pytest.mark.more

NAMES = ("there_and_back", "plan_to_export")
COUNTS = re.compile(r"[\d,]+ (?:not zero|parameters|MACs)|(?:parameters|MACs|MACs \(thop\)): [\d,]+")
RIGHT = re.compile(r"([\d,]+)(?: right of |/)1000")


def committed(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell):
    """What a cell of code said in plain text."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def all_said(notebook):
    return "\n".join(map(said, code(notebook)))


def with_words(notebook, words):
    (cell,) = (cell for cell in code(notebook) if words in cell.source)
    return cell


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Every notebook, executed from scratch in an empty folder."""
    return {name: executed(NOTEBOOKS / f"{name}.ipynb", tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_counts_what_the_committed_one_counts(name, again):
    shown, now = (COUNTS.findall(all_said(notebook)) for notebook in (committed(name), again[name]))
    assert now == shown
    assert len(set(now)) >= 6  # of the dense and of the smaller network: parameters, MACs, MACs by thop


@pytest.mark.parametrize("name", NAMES)
def test_it_draws_the_pictures_that_the_committed_one_shows(name, again):
    shown = [[PICTURE in output.get("data", {}) for output in cell.outputs] for cell in code(committed(name))]
    drawn = [[FIGURE in output.get("data", {}) for output in cell.outputs] for cell in code(again[name])]
    assert drawn == shown
    assert sum(map(sum, shown)) == len(list(figures(again[name]))) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_what_is_planned_leaves_half_of_the_multiplications(name, again):
    macs = re.findall(r"^MACs: ([\d,]+)", all_said(again[name]), re.MULTILINE)
    dense, *halved = (int(count.replace(",", "")) for count in macs)
    assert halved
    assert all(0.4 * dense < left <= 0.5 * dense for left in halved)


def test_the_desk_counts_as_many_right_answers_as_the_loop_of_ones_own(again):
    for notebook in (committed("there_and_back"), again["there_and_back"]):
        loop = with_words(notebook, "train(small")
        adopted = with_words(notebook, "desk.adopt(small")
        (right,) = RIGHT.findall(said(loop))
        assert RIGHT.findall(said(adopted)) == [right]


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_one_was_executed_in_order_and_is_small(name):
    cells = code(committed(name))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data", "execute_result"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}  # no warnings, which go to stderr
    assert (NOTEBOOKS / f"{name}.ipynb").stat().st_size < 400_000
