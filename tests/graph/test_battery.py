"""Every network of the battery has the groups of its hand-written table."""

import pytest

from prunekit.graph import structure_of
from tests.graph.battery import attention, convolutional, joined, sequence  # noqa: F401 - each enters its networks
from tests.graph.battery.case import CASES, expected, found


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def model(case):
    return case.model()


@pytest.fixture(scope="module")
def structure(case, model):
    return structure_of(model, case.inputs())


def test_the_groups_are_those_of_the_table(case, model, structure):
    assert {group.name: found(group) for group in structure.groups} == expected(case, model)
