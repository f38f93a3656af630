import torch

from prunekit.program.agreement import close


def test_answers_that_are_no_numbers_are_compared_too():
    found = torch.tensor([[1.0, float("nan")], [2.0, 3.0]])
    assert close(found, found.clone())
    assert not close(found, found.nan_to_num())
