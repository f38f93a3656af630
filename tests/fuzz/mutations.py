"""Changes to files: to single bytes, and to what is inside of a container whose framing is made anew."""

import io
import json
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

NUMBERS = (0, 1, -1, 2, 7, 255, 256, 65_535, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63))
TEXTS = (
    "",
    "a",
    "\x00",
    "../../etc/passwd",
    "__import__('os').system('true')",
    "x" * 5_000,
    "ä×",
    "'\"",
    "s0",
    "{}",
    "NaN",
)
VALUES = (*NUMBERS, *TEXTS, None, True, False, 0.5, float("inf"), [], {}, [[]], [[[[[[]]]]]], {"a": 1}, [0] * 50)


def raw(random: Random, content: bytes) -> bytes:
    """Change a few bytes, cut a piece out, double one, or end early."""
    data = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at, more = random.randrange(len(data) + 1), random.choice((1, 1, 2, 4, 8, 64))
        match random.randrange(5):
            case 0:
                data[at : at + more] = random.randbytes(len(data[at : at + more]))
            case 1:
                del data[at : at + more]
            case 2:
                data[at:at] = data[max(0, at - more) : at]
            case 3:
                data[at : at + 4] = struct.pack("<I", random.choice(NUMBERS) & 0xFFFFFFFF)
            case 4:
                del data[at:]
    return bytes(data)


def rezipped(change: Callable[[Random, str, bytes], bytes]) -> Callable[[Random, bytes], bytes]:
    """Change one member of an archive, leave one out, name one otherwise, or add one; the directory is made anew."""

    def mutate(random: Random, content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            members = [(info.filename, source.read(info), info.compress_type) for info in source.infolist()]
        at = random.randrange(len(members))
        name, inside, packing = members[at]
        match random.randrange(10):
            case 0:
                del members[at]
            case 1:
                members[at] = (name + random.choice(("x", ".npy", "/..", "é")), inside, packing)
            case 2:
                members.append((random.choice((name, "a/constants.pkl", "x")), inside, packing))
            case 3:
                members[at] = (name, inside, random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)))
            case _:
                members[at] = (name, change(random, name, inside), packing)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name, inside, packing in members:
                target.writestr(zipfile.ZipInfo(name), inside, packing)
        return out.getvalue()

    return mutate


def pickled(random: Random, content: bytes) -> bytes:
    """Change whole opcodes of the first pickle: leave out, double, swap, or put in another with its own argument."""
    steps = list(pickletools.genops(content))
    places = [place for _, _, place in steps] + [content.index(b".", steps[-1][2]) + 1]
    pieces = [content[start:end] for start, end in pairwise(places)]
    for _ in range(random.randint(1, 3)):
        at, other = random.randrange(len(pieces)), random.randrange(len(pieces))
        match random.randrange(4):
            case 0:
                del pieces[at]
            case 1:
                pieces.insert(at, pieces[other])
            case 2:
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 3:
                pieces.insert(at, _opcode(random))
        pieces = pieces or [b"."]
    return b"".join(pieces) + content[places[-1] :]


def _opcode(random: Random) -> bytes:
    number = random.choice(NUMBERS) & 0xFFFFFFFFFFFFFFFF
    name = random.choice(
        ("os\nsystem", "torch\nTensor", "torch._utils\n_rebuild_tensor_v2", "builtins\nset", "numpy\nndarray")
    )
    return random.choice(
        (
            b"\x8a\x08" + struct.pack("<Q", number),
            b"c" + name.encode() + b"\n",
            b"X" + struct.pack("<I", number & 0xFFFFFFFF) + b"a",
            *(bytes([code]) for code in b"(.0)]}NRbse\x81\x85\x86\x87Qtu\x94"),
            b"r" + struct.pack("<I", number & 0xFFFFFFFF),
            b"h\x00",
        )
    )


def structured(random: Random, value: Any) -> Any:
    """Change one value somewhere inside of JSON values."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        match random.randrange(12):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return {**value, random.choice(TEXTS): value[key]}
            case _:
                return {**value, key: structured(random, value[key])}
    if isinstance(value, list) and value and random.random() < 0.9:
        at = random.randrange(len(value))
        match random.randrange(12):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case _:
                return [*value[:at], structured(random, value[at]), *value[at + 1 :]]
    return random.choice(VALUES)


def as_json(random: Random, content: bytes) -> bytes:
    """Change one value of a JSON text."""
    return json.dumps(structured(random, json.loads(content))).encode()


def safetensors(random: Random, content: bytes) -> bytes:
    """Change a header, and say its length anew."""
    length = int.from_bytes(content[:8], "little")
    header = as_json(random, content[8 : 8 + length])
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def npy(random: Random, content: bytes) -> bytes:
    """Change an array's header, and say its length anew; or its numbers."""
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length]
    if random.random() < 0.5:
        number = str(random.choice(NUMBERS)).encode()
        header = random.choice((header.replace(b"(", b"(" + number + b", ", 1), header.replace(b"<f4", b"|O"), b"{}"))
    else:
        header = raw(random, header)
    return content[:8] + (len(header) & 0xFFFF).to_bytes(2, "little") + header + content[10 + length :]


def png(random: Random, content: bytes) -> bytes:
    """Change one chunk of a PNG, and compute its checksum anew."""
    chunks, place = [], 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    at = random.randrange(len(chunks))
    kind, inside = chunks[at]
    chunks[at] = (kind, raw(random, inside) if inside else random.randbytes(4))
    if random.random() < 0.2:
        chunks.insert(random.randrange(len(chunks)), chunks[at])
    packed = [len(c).to_bytes(4, "big") + k + c + zlib.crc32(k + c).to_bytes(4, "big") for k, c in chunks]
    return content[:8] + b"".join(packed)
