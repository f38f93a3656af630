import pytest

from prunekit.records import Check, Mode
from tests import nets
from tests.export.conftest import DAMAGES, SAMPLES

NETWORK = ("file", "load", "params", "zeros", "macs", "outputs", "metric")


def failed(proofs) -> list[Check]:
    return [proof.check for proof in proofs if not proof.check.ok]


@pytest.mark.parametrize("name", [*(f"{net} {mode}" for net in nets.NETS for mode in Mode), "awkward"])
def test_every_file_of_an_export_is_the_measured_network(proven, exports, name):
    assert failed(proven[name]) == []
    checked = {}
    for proof in proven[name]:
        checked.setdefault(proof.file, []).append(proof.check.name)
    files = {path.name for path in exports[name].iterdir() if path.is_file()} - {"manifest.json"}
    stem = next(file.removesuffix(".pt2") for file in files if file.endswith(".pt2"))
    assert set(checked) == files
    assert tuple(checked[f"{stem}.safetensors"]) == NETWORK
    assert tuple(checked[f"{stem}.pt2"]) == tuple(check for check in NETWORK if check != "macs")


def test_a_proof_says_what_it_found(proven):
    details = {(proof.file, proof.check.name): proof.check.detail for proof in proven["linear channels"]}
    # 6→8→4→3 after half of 16 and of 8 units: 6·8+8 + 8·4+4 + 4·3+3 parameters, 48+32+12 MACs.
    assert details["linear.safetensors", "params"] == "107 parameters, displayed 107."
    assert details["linear.safetensors", "macs"] == "92 MACs for one input, displayed 92."
    # Before: 6·16+16 + 16·8+8 + 8·3+3 = 275 parameters of 4 bytes.
    assert "428 bytes, 1,100 before pruning" in details["linear.safetensors", "load"]
    assert f"of {SAMPLES} validation samples right" in details["linear.safetensors", "metric"]
    assert details["linear.safetensors", "metric"].endswith("close calls that fell the other way: none of them.")


def test_one_file_can_be_verified_alone(proven):
    assert failed(proven["one file"]) == []
    networks = {proof.file for proof in proven["one file"]} & {"plain.pt2", "plain.safetensors"}
    assert networks == {"plain.pt2"}


EXPECTED = {
    "truncated": ("file", "plain.safetensors has"),
    "truncated and signed": ("load", "truncated or damaged"),
    "flipped": ("file", "was changed after it was written"),
    "flipped and signed": ("load", "are not the ones that were written"),
    "truncated program": ("load", "is truncated or damaged"),
    "pickle in the program": ("load", "pickled sample inputs"),
    "changed snippet": ("file", "load_plain.py has"),
    "failing factory": ("load", "ValueError: no network today"),
    "other samples": ("outputs", "validation samples"),
    "missing file": ("file", "recipe.json cannot be read"),
    "no manifest": ("manifest", "holds no manifest.json"),
    "foreign manifest": ("manifest", "is not a PruneKit export"),
    "leaving factory": ("process", "ended with code 3"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_damage_is_a_failed_check_in_one_sentence(proven, name):
    assert name in DAMAGES
    check = failed(proven[name])[0]
    expected, words = EXPECTED[name]
    assert check.name == expected
    assert words in check.detail
    assert "\n" not in check.detail
    assert "Traceback" not in check.detail


def test_other_numbers_fail_one_by_one(proven):
    names = [proof.check.name for proof in proven["other numbers"] if not proof.check.ok]
    assert names == ["params", "zeros", "macs", "metric", "params", "zeros", "metric"]


def test_wrong_shapes_fail_though_their_digest_is_right(proven):
    details = {check.name: check.detail for check in failed(proven["wrong shapes"])}
    assert set(details) == {"params", "zeros", "outputs"}
    assert "cannot be run on the validation samples: RuntimeError" in details["outputs"]


def test_other_outputs_fail_though_every_file_is_whole(proven):
    names = {check.name for check in failed(proven["other outputs"])}
    assert "outputs" in names
    assert names <= {"outputs", "metric"}


def test_nothing_is_loaded_beside_a_damaged_snippet(proven):
    assert {proof.check.name for proof in proven["changed snippet"]} == {"file"}
