"""Pickles as data: a reader that knows the opcodes which containers, numbers and texts need, and calls nothing.

Where a pickle wants a function called, a ``Call`` stands for what it would return; what it means is for those to say
who know the format. A dictionary stays a list of pairs, since asking a key for its hash may take for ever.

Source: the opcodes are those of ``pickletools``; PEP 307 and PEP 3154.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prunekit.foreign.refused import Refused

MOST_STEPS = 1_000_000
"""Opcodes of one pickle: a tensor takes about fifty, so these are twenty thousand tensors, and a second of work."""


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that a pickle names, as ``module.name``; it is not imported."""

    path: str


@dataclass(slots=True, eq=False)
class Call:
    """What a function would return; it is not called.

    Attributes:
        path: the function, as ``module.name``; empty where it is itself something that is not made.
        arguments: what it would be given.
        state: what the result would be told of itself.
        pairs: what would be put into it, if it is a dictionary.
    """

    path: str
    arguments: Any
    state: Any = None
    pairs: "Pairs | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Something that lies outside of the pickle, by what the pickle says of it."""

    key: Any


@dataclass(slots=True, eq=False)
class Pairs:
    """A dictionary, as the pairs that were put into it, in order."""

    items: list[tuple[Any, Any]] = field(default_factory=list)


class _Mark:
    """Where a sequence begins on the stack."""


_MARK = _Mark()


class Reader:
    """Reads one pickle after the other out of bytes.

    Args:
        data: the bytes.
        label: what the file is called in an error.
        start: where the first pickle begins.
    """

    def __init__(self, data: "bytes | memoryview", label: str, start: int = 0) -> None:
        self.data, self.label, self.place = memoryview(data), label, start
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.names: dict[str, None] = {}
        """What the pickles so far would import, as ``module.name``, in order."""
        self.stored: list[Stored] = []
        """What the pickles so far say lies outside of them, in order."""

    def load(self) -> Any:
        """Read the pickle that begins here, and stand behind it.

        Raises:
            Refused: damaged, too long, or with an opcode that no state dict needs.
        """
        self.stack, self.memo = [], {}
        try:
            return self._run()
        except (IndexError, KeyError, TypeError, ValueError, struct.error, UnicodeDecodeError, AttributeError):
            raise Refused(f"{self.label} is truncated or damaged (no whole pickle).") from None

    def _run(self) -> Any:
        for _ in range(MOST_STEPS):
            code = self.data[self.place]
            self.place += 1
            if code == STOP:
                return self.stack.pop()
            step = _STEPS.get(code)
            if step is None:
                raise Refused(f"{self.label} asks for more than tensors, numbers and texts (opcode {code:#04x}).")
            step(self)
        raise Refused(f"{self.label} takes more than {MOST_STEPS:,} steps to read; no network's weights do.")

    def take(self, count: int) -> memoryview:
        """Take the next bytes."""
        taken = self.data[self.place : self.place + count]
        if len(taken) < count:
            raise IndexError
        self.place += count
        return taken

    def number(self, width: int) -> int:
        """Take an integer of so many bytes."""
        return int.from_bytes(self.take(width), "little")

    def line(self) -> str:
        """Take a line of text."""
        text, end, _ = bytes(self.data[self.place : self.place + 512]).partition(b"\n")
        if not end:
            raise IndexError
        self.place += len(text) + 1
        return text.decode("ascii")

    def push(self, value: Any) -> None:
        """Lay a value on the stack."""
        self.stack.append(value)

    def put(self, index: int) -> None:
        """Remember what lies on top of the stack."""
        self.memo[index] = self.stack[-1]

    def tuple(self, count: int) -> None:
        """Make a tuple of the topmost values."""
        values = [self.stack.pop() for _ in range(count)]
        self.push((*reversed(values),))

    def marked(self) -> list[Any]:
        """Take what lies above the last mark, and the mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise IndexError
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def append(self, values: list[Any]) -> None:
        """Append to the list on top; what a call would return takes it without a trace."""
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)
        elif not isinstance(self.stack[-1], Call):
            raise TypeError

    def fill(self, values: list[Any]) -> None:
        """Put pairs into the dictionary on top, or into what a call would return."""
        pairs, target = list(zip(values[::2], values[1::2], strict=True)), self.stack[-1]
        if isinstance(target, Call):
            target.pairs = target.pairs or Pairs()
            target = target.pairs
        if not isinstance(target, Pairs):
            raise TypeError
        target.items.extend(pairs)

    def name(self, module: Any, name: Any) -> None:
        """Lay a function or class on the stack, by its name alone."""
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError
        path = f"{module}.{name}"
        self.names[path] = None
        self.push(Name(path))

    def call(self) -> None:
        """Lay on the stack what stands for the result of a call."""
        arguments, function = self.stack.pop(), self.stack.pop()
        path = function.path if isinstance(function, Name) else ""
        if not isinstance(arguments, tuple):
            raise TypeError
        self.push(_bytes_of(arguments) if path == "_codecs.encode" else Call(path, arguments))

    def build(self) -> None:
        """Note what a call's result would be told of itself."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Call):
            target.state = state
        elif not isinstance(target, Pairs):
            raise TypeError

    def persistent(self) -> None:
        """Lay on the stack what stands for something outside of the pickle."""
        self.stored.append(Stored(self.stack.pop()))
        self.push(self.stored[-1])


def _bytes_of(arguments: tuple[Any, ...]) -> bytes:
    """Return what Python 2 and protocol 2 write bytes as: a text of as many letters, encoded in latin-1."""
    text, encoding = arguments
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError
    return text.encode("latin-1")


def _sized(width: int, read: Callable[[bytes], Any]) -> Callable[[Reader], object]:
    """A value whose bytes follow behind their number, an integer of ``width`` bytes."""
    return lambda reader: reader.push(read(bytes(reader.take(reader.number(width)))))


def _packed(form: str) -> Callable[[Reader], object]:
    """A number of one width."""
    return lambda reader: reader.push(struct.unpack(form, reader.take(struct.calcsize(form)))[0])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8")


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw[:32], "little", signed=True)


STOP = 0x2E
_STEPS: dict[int, Callable[[Reader], object]] = {
    0x80: lambda reader: reader.take(1),  # PROTO
    0x95: lambda reader: reader.take(8),  # FRAME
    0x4E: lambda reader: reader.push(None),  # NONE
    0x88: lambda reader: reader.push(True),  # NEWTRUE
    0x89: lambda reader: reader.push(False),  # NEWFALSE
    0x4A: _packed("<i"),  # BININT
    0x4B: _packed("<B"),  # BININT1
    0x4D: _packed("<H"),  # BININT2
    0x47: _packed(">d"),  # BINFLOAT
    0x8A: _sized(1, _integer),  # LONG1
    0x8B: _sized(4, _integer),  # LONG4
    0x58: _sized(4, _text),  # BINUNICODE
    0x8C: _sized(1, _text),  # SHORT_BINUNICODE
    0x8D: _sized(8, _text),  # BINUNICODE8
    0x54: _sized(4, bytes),  # BINSTRING
    0x55: _sized(1, bytes),  # SHORT_BINSTRING
    0x42: _sized(4, bytes),  # BINBYTES
    0x43: _sized(1, bytes),  # SHORT_BINBYTES
    0x8E: _sized(8, bytes),  # BINBYTES8
    0x7D: lambda reader: reader.push(Pairs()),  # EMPTY_DICT
    0x5D: lambda reader: reader.push([]),  # EMPTY_LIST
    0x29: lambda reader: reader.push(()),  # EMPTY_TUPLE
    0x85: lambda reader: reader.tuple(1),  # TUPLE1
    0x86: lambda reader: reader.tuple(2),  # TUPLE2
    0x87: lambda reader: reader.tuple(3),  # TUPLE3
    0x28: lambda reader: reader.push(_MARK),  # MARK
    0x74: lambda reader: reader.push(tuple(reader.marked())),  # TUPLE
    0x30: lambda reader: reader.stack.pop(),  # POP
    0x71: lambda reader: reader.put(reader.number(1)),  # BINPUT
    0x72: lambda reader: reader.put(reader.number(4)),  # LONG_BINPUT
    0x94: lambda reader: reader.put(len(reader.memo)),  # MEMOIZE
    0x68: lambda reader: reader.push(reader.memo[reader.number(1)]),  # BINGET
    0x6A: lambda reader: reader.push(reader.memo[reader.number(4)]),  # LONG_BINGET
    0x61: lambda reader: reader.append([reader.stack.pop()]),  # APPEND
    0x65: lambda reader: reader.append(reader.marked()),  # APPENDS
    0x73: lambda reader: reader.fill([reader.stack.pop(), reader.stack.pop()][::-1]),  # SETITEM
    0x75: lambda reader: reader.fill(reader.marked()),  # SETITEMS
    0x63: lambda reader: reader.name(reader.line(), reader.line()),  # GLOBAL
    0x93: lambda reader: reader.name(*[reader.stack.pop(), reader.stack.pop()][::-1]),  # STACK_GLOBAL
    0x52: lambda reader: reader.call(),  # REDUCE
    0x81: lambda reader: reader.call(),  # NEWOBJ
    0x62: lambda reader: reader.build(),  # BUILD
    0x51: lambda reader: reader.persistent(),  # BINPERSID
}
"""What is done at each opcode; any other is refused."""
