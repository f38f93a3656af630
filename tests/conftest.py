import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from prunekit.program import half
from tests.own_code import forget, write_own_code

# What nobody foresaw fails the test that meets it, in processes that it starts as well.
os.environ["PRUNEKIT_UNFORESEEN"] = "raise"

# No test depends on how fast the machine is: hypothesis neither limits an example's time nor minds slow drawing.
settings.register_profile("prunekit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("prunekit")


class Together(LoadScopeScheduling):
    """Keeps a file on one worker, and a folder that shares dear fixtures or drives a browser as well."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return next((folder for folder in ("tests/browser/", "tests/export/") if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config, log):
    return Together(config, log)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Sums come out alike on every machine, and two test runs do not fight over the cores."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True, scope="session")
def single_precision():
    """Scans run in single precision on every machine; the tests of half precision force it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(half, "supported", lambda: False)
        yield


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def own_code(tmp_path):
    """A file that registers a criterion and a metric when it is used; what it registered is forgotten afterwards."""
    yield write_own_code(tmp_path)
    forget()


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A folder for a workspace; nothing is in it yet."""
    return tmp_path / "workspace"
