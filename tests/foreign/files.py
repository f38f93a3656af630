"""Files that harm who reads them carelessly, made by hand."""

import io
import json
import pickle
import struct
import zipfile


def archive(pickled, extra=()):
    """An archive of torch.save around a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in (("a/data.pkl", pickled), ("a/byteorder", b"little"), ("a/version", b"3\n"), *extra):
            target.writestr(name, content)
    return buffer.getvalue()


def legacy(pickled):
    """A file of before torch 1.6 around a pickle, without storages."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    heads = (0x1950A86A20F9469CFC6C, 1001, system)
    return b"".join(pickle.dumps(head, 2) for head in heads) + pickled + pickle.dumps([], 2)


def nested_key(depth):
    """A dictionary whose key is a pair of a pair …, each with both sides the same: its hash takes 2 ** depth steps."""
    return b"\x80\x02})q\x00" + b"h\x00\x86q\x00" * depth + b"K\x01s."


def nested_value(depth):
    """A dictionary of a list of a list of a list …, each twice the same: a walk through it takes 2 ** depth steps."""
    return b"\x80\x02}X\x01\x00\x00\x00a]q\x00" + b"](h\x00h\x00eq\x00" * depth + b"s."


def called(path, arguments):
    """A dictionary whose value is the result of a call."""
    module, _, name = path.rpartition(".")
    return b"\x80\x02}X\x01\x00\x00\x00a" + f"c{module}\n{name}\n".encode() + arguments + b"Rs."


def integer(number):
    return b"\x8a\x08" + struct.pack("<q", number)


def safetensors(header):
    """A safetensors file without numbers, by its header."""
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(content)) + content


def npy(shape, body=b"", descr="<f4"):
    """One array as numpy writes it, whatever its shape claims."""
    head = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (63 - (len(head) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head + body


def npz(packing=zipfile.ZIP_STORED, **arrays):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as target:
        for name, content in arrays.items():
            target.writestr(name, content)
    return bytearray(buffer.getvalue())


GIANT = 1 << 32
HARMFUL = {
    "a key whose hash takes for ever": archive(nested_key(40)),
    "a value whose walk takes for ever": archive(nested_value(40)),
    "the same of before torch 1.6": legacy(nested_key(40)),
    "4 GB of bytes": archive(called("builtins.bytearray", integer(GIANT) + b"\x85")),
    "a tensor of 4 GB": archive(called("torch.Tensor", integer(GIANT) + b"\x85")),
    "a storage of 4 GB": archive(called("torch.storage.UntypedStorage", integer(GIANT) + b"\x85")),
    "a repeated text": archive(called("operator.mul", b"X\x01\x00\x00\x00a" + integer(GIANT) + b"\x86")),
    "a codec": archive(called("_codecs.encode", b"X\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86")),
    "a remembered place far away": archive(b"\x80\x02}r" + struct.pack("<I", 1 << 31) + b"."),
    "three million values": archive(b"\x80\x02](" + b"N" * 3_000_000 + b"e."),
    "a number of a megabyte": archive(
        b"\x80\x02}X\x01\0\0\0a\x8b" + struct.pack("<I", 1 << 20) + b"\x7f" * (1 << 20) + b"s."
    ),
    "an opcode that calls": archive(b"\x80\x02ios\nsystem\n."),
    "twenty thousand members": archive(b"\x80\x02}.", [(f"a/data/{i}", b"") for i in range(20_000)]),
    "brackets without end": safetensors(b'{"a":' + b"[" * 1_000_000 + b"}"),
    "a shape beyond numbers": safetensors({"a": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 0]}}),
    "a giant of size 0": safetensors({"a": {"dtype": "F32", "shape": [0, 1 << 62, 1 << 62], "data_offsets": [0, 0]}}),
    "a hundred thousand tensors": safetensors(
        {str(i): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for i in range(100_000)}
    ),
    "a header without tensors": safetensors(b"{" + b" " * 99 + b"3}"),
    "shapes that are texts": safetensors({"a": {"dtype": "F32", "shape": "12", "data_offsets": [0, 8]}}),
    "a negative place": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}),
}
"""Checkpoints, by what is in them."""
