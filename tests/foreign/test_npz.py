"""Data files that fill the memory or raise in a careless reader: one sentence each."""

import io
import zipfile

import numpy as np
import pytest

from prunekit.errors import TaskError
from prunekit.tasks.arrays import read_npz
from tests.foreign.files import npy, npz

X = npy((20, 1, 8, 8), bytes(20 * 256))


def _marked(data, place, value, packing=None):
    """Change a flag or the packing in both of a member's headers."""
    central = data.find(b"PK\x01\x02")
    data[central + place + 2] = data[place] = value
    return data


def _overwritten(data, at):
    data[at : at + 4] = b"\xff" * 4
    return data


CASES = {
    "a member that is no array": npz(**{"X.npy": X, "README.txt": b"hello"}),
    "a header that does not end": npz(**{"X.npy": X.replace(b"}", b" ", 1)}),
    "encrypted": _marked(npz(**{"X.npy": X}), 6, 1),
    "an unknown packing": _marked(npz(**{"X.npy": X}), 8, 97),
    "another packing than numpy's": npz(zipfile.ZIP_LZMA, **{"X.npy": X}),
    "what does not unpack": _overwritten(npz(zipfile.ZIP_DEFLATED, **{"X.npy": X}), 60),
    "a giant shape": npz(**{"X.npy": npy((1 << 40, 1, 8, 8))}),
    "a giant shape of size 0": npz(**{"X.npy": npy((0, 1 << 62, 1 << 62))}),
    "objects": npz(**{"X.npy": npy((1,), b"\x80\x02N.", "|O")}),
    "a header that is code": npz(**{"X.npy": X.replace(b"'<f4'", b"f()  ")}),
    "500 MB in 500 kB": npz(zipfile.ZIP_DEFLATED, **{"X.npy": npy((1 << 29,), bytes(1 << 29), "|u1")}),
    "two of one name": npz(**{"X.npy": X, "Y.npy": X}).replace(b"Y.npy", b"X.npy"),
    "more than it claims": npz(**{"X.npy": X + b"more"}),
    "nothing": b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("name", CASES)
def test_a_harmful_data_file_is_one_sentence(name, tmp_path):
    (tmp_path / "data.npz").write_bytes(CASES[name])
    with pytest.raises(TaskError) as raised:
        read_npz(tmp_path / "data.npz")
    assert "\n" not in str(raised.value)
    assert "is damaged (" not in str(raised.value), "nobody foresaw it"
    assert "without harm" not in str(raised.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_what_numpy_reads(save, tmp_path):
    generator = np.random.default_rng(0)
    whole = {
        "x_val": generator.normal(size=(30, 1, 4, 4)).astype(">f4"),
        "y_val": generator.integers(0, 3, 30),
        "x_train": np.asfortranarray(generator.integers(0, 255, (40, 3, 5), dtype=np.uint8)),
        "y_train": generator.random(40) > 0.5,
        "x_test": generator.normal(size=(9, 2)).astype(np.float16),
        "y_test": np.arange(9, dtype=np.int16)[::-1],
    }
    save(tmp_path / "data.npz", **whole)
    pairs = read_npz(tmp_path / "data.npz").pairs
    with np.load(tmp_path / "data.npz") as expected:
        for split, short in (("validation", "val"), ("train", "train"), ("test", "test")):
            for given, letter in zip(pairs[split], "xy", strict=True):
                np.testing.assert_array_equal(given, expected[f"{letter}_{short}"])
                assert given.dtype == expected[f"{letter}_{short}"].dtype


def test_large_arrays_come_whole_out_of_many_pieces(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (300, 1, 100, 101), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x_val=images, y_val=np.zeros(300, np.int64))
    (tmp_path / "data.npz").write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(read_npz(tmp_path / "data.npz").pairs["validation"][0], images)
