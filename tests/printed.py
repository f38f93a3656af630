"""Whether a program printed what a page says that it prints."""

import re

RIGHT = re.compile(r"(\d[\d,]*)(/| right of )(\d[\d,]*)")
"""How many of how many samples were right: ``947/1000``, ``338 right of 1000``."""
PACKED = re.compile(r"(\d[\d,]*) after gzip")
"""Bytes of numbers that follow from a recalibration, packed."""
MEASURED = re.compile(r"\d[\d,]*\.\d+")
MARGIN = 0.03


def same(printed: str, shown: str) -> bool:
    """Equal words and equal counts; only what is measured may differ, for another processor rounds otherwise.

    A whole number is a count, of parameters or bytes for instance, and has no margin. Where samples were counted that
    a network got right, one in a hundred may go the other way: each is a close call, and a training carries it on.
    A number with decimals (an accuracy, an interval, a loss) follows from those samples and has 3 %. How far numbers
    can be packed hangs on their last digits: one byte in a thousand.
    """
    exact, right, packed, measured = zip(*map(_read, (printed, shown)), strict=True)
    if exact[0] != exact[1]:
        return False
    close = all(abs(k - other) <= n / 100 for (k, n), (other, _) in zip(*right, strict=True))
    close = close and all(abs(a - b) <= b / 1000 for a, b in zip(*packed, strict=True))
    return close and all(abs(a - b) <= MARGIN * abs(b) for a, b in zip(*measured, strict=True))


def _read(text: str) -> tuple[list[str], list[tuple[float, float]], list[float], list[float]]:
    right = [(_number(k), _number(n)) for k, _, n in RIGHT.findall(text)]
    packed = [_number(size) for size in PACKED.findall(text)]
    rest = PACKED.sub("(packed) after gzip", RIGHT.sub(r"(k)\2\3", text))
    return MEASURED.sub("(measured)", rest).split(), right, packed, [_number(text) for text in MEASURED.findall(rest)]


def _number(text: str) -> float:
    return float(text.replace(",", ""))
