import os
from pathlib import Path

import pytest
import torch


@pytest.hookimpl(tryfirst=True)  # before the distribution reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares dear fixtures, and all that drives a browser: two at once would disturb each other."""
    tests = Path(__file__).parent
    for item in items:
        room = item.path.relative_to(tests).parts[0] if tests in item.path.parents else ""
        item.add_marker(pytest.mark.xdist_group(room if room in ("browser", "export") else str(item.path)))


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Sums come out alike on every machine, and two test runs do not fight over the cores."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A folder for a workspace; nothing is in it yet."""
    return tmp_path / "workspace"
