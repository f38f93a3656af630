import torch
from safetensors.torch import save_file

from prunekit.export import reference
from prunekit.export.reference import (
    Reference,
    agreement,
    agreement_checks,
    outputs,
    read_reference,
    split_digest,
    write_reference,
)
from prunekit.tasks.task import Split

LOGITS = torch.tensor([[3.0, 1.0], [2.0, 2.00005], [-4.0, -2.0]])
REFERENCE = Reference.of(LOGITS)
TARGETS = torch.tensor([0, 1, 0])


def test_equal_outputs_agree():
    found = agreement(REFERENCE, LOGITS.clone(), TARGETS)
    # The largest output is −4, so 1e-5·4 is allowed; the third sample is wrong.
    assert (found.difference, found.allowed, found.correct, found.swapped) == (0.0, 4e-5, 2, ())


def test_small_outputs_are_compared_absolutely():
    assert agreement(Reference.of(LOGITS / 100), LOGITS / 100, TARGETS).allowed == 1e-5


def test_a_close_call_is_listed_and_not_a_difference():
    given = LOGITS.clone()
    given[1] = torch.tensor([2.00005, 2.0])
    found = agreement(REFERENCE, given, TARGETS)
    assert found.swapped == (1,)
    assert found.correct == 2
    _, metric = agreement_checks(found, correct=2, n=3)
    assert metric.ok
    assert metric.detail.endswith("close calls that fell the other way: samples 1.")


def test_a_clear_answer_that_changed_is_a_difference():
    given = LOGITS.clone()
    given[0] = torch.tensor([1.0, 3.0])
    found = agreement(REFERENCE, given, TARGETS)
    outputs_check, metric = agreement_checks(found, correct=2, n=3)
    assert (found.correct, found.swapped) == (1, ())
    assert not outputs_check.ok
    assert not metric.ok


def test_not_a_number_is_not_equal():
    given = LOGITS.clone()
    given[0, 0] = torch.nan
    assert not agreement_checks(agreement(REFERENCE, given, TARGETS), 2, 3)[0].ok


def test_a_network_that_rounds_may_round_a_value_on_the_border_to_the_other_side():
    given = LOGITS.clone()
    given[1] += torch.tensor([0.06, 0.0])  # root mean square 0.06 ÷ √6 = 0.0245
    few = agreement(REFERENCE, given, TARGETS, rounding=0.05)
    assert (few.allowed, few.correct, few.swapped) == (0.025, 2, (1,))
    assert all(check.ok for check in agreement_checks(few, 2, 3))
    assert not agreement_checks(agreement(REFERENCE, given, TARGETS, rounding=0.04), 2, 3)[0].ok
    assert not agreement_checks(agreement(REFERENCE, given, TARGETS), 2, 3)[0].ok


def test_outputs_do_not_depend_on_the_batch():
    net = torch.nn.Linear(3, 2)
    inputs = torch.randn(501, 3)
    with torch.no_grad():
        torch.testing.assert_close(outputs(net, inputs), net(inputs))


def test_a_reference_holds_outputs_and_answers_and_no_sample(tmp_path):
    write_reference(tmp_path / "reference.safetensors", LOGITS)
    found = read_reference(tmp_path / "reference.safetensors")
    assert torch.equal(found.logits, LOGITS)
    assert found.answers.tolist() == [0, 1, 1]
    assert (tmp_path / "reference.safetensors").stat().st_size < 24 + 3 + 200


def test_a_reference_of_all_outputs_alone_is_read_as_well(tmp_path):
    save_file({"logits": LOGITS}, tmp_path / "reference.safetensors")
    assert read_reference(tmp_path / "reference.safetensors").answers.tolist() == [0, 1, 1]


def test_of_large_outputs_the_first_are_stored_and_the_answers_of_all(tmp_path, monkeypatch):
    """Two samples fit of six with 5 classes on 4 × 3 places; 480 bytes of outputs, 72 answers."""
    monkeypatch.setattr(reference, "NUMBERS", 150)
    logits, targets = torch.randn(6, 5, 4, 3), torch.zeros(6, 4, 3, dtype=torch.long)
    write_reference(tmp_path / "reference.safetensors", logits)
    assert (tmp_path / "reference.safetensors").stat().st_size < 480 + 72 + 200
    said = read_reference(tmp_path / "reference.safetensors")
    same = agreement(said, logits, targets, "mean IoU")
    assert (same.difference, same.compared, same.changed, same.swapped) == (0.0, 2, 0, ())
    assert all(check.ok for check in agreement_checks(same, None, 6, "mean IoU", same.value))
    late = logits.clone()
    late[5, :, 0, 0] = -late[5, :, 0, 0]  # beyond the outputs, so only its answer betrays it
    found = agreement(said, late, targets, "mean IoU")
    outputs_check, _ = agreement_checks(found, None, 6, "mean IoU", same.value)
    assert (found.difference, found.changed, outputs_check.ok) == (0.0, 1, False)


def test_a_split_is_known_by_inputs_and_targets():
    inputs, targets = torch.randn(4, 2), torch.tensor([0, 1, 0, 1])
    same = split_digest(Split(inputs.clone(), targets.clone()))
    assert split_digest(Split(inputs, targets)) == same
    assert split_digest(Split(inputs, 1 - targets)) != same
    assert split_digest(Split(-inputs, targets)) != same
