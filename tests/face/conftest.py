import pytest

from prunekit.face.opening import open as open_desk
from tests.nets import make
from tests.samples import pair


@pytest.fixture
def desk(workspace):
    splits = {"validation": pair(60, 1), "train": pair(128, 2), "test": pair(40, 3)}
    return open_desk(make("residual"), **splits, workspace=workspace)
