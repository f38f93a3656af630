import subprocess
import sys

import pytest

import prunekit
from prunekit.face import desk, opening


def test_the_face_is_small_and_every_name_is_there():
    assert 10 <= len(prunekit.__all__) <= 25
    assert prunekit.__all__ == sorted(prunekit.__all__)
    assert set(prunekit.__all__) <= set(dir(prunekit))
    assert all(getattr(prunekit, name) is not None for name in prunekit.__all__)
    assert prunekit.open is opening.open
    assert prunekit.Desk is desk.Desk


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'prunekit' has no attribute 'prune_everything'"):
        prunekit.prune_everything  # noqa: B018


@pytest.mark.parametrize(
    "line", ["import prunekit", "from prunekit import open, Recipe, TaskError", "dir(__import__('prunekit'))"]
)
def test_nothing_heavy_is_imported_before_something_is_opened(line):
    heavy = "{'torch', 'numpy', 'pandas', 'streamlit', 'plotly', 'tqdm'} & {*sys.modules}"
    code = f"import sys\n{line}\nprint(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
