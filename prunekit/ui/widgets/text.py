"""How numbers and names are written on screen."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from prunekit.records import Reading

_STEPS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def count(n: float) -> str:
    """Write a count with three digits and its unit prefix; below a thousand as it is.

    Example:
        >>> count(312), count(77_754), count(9_660_000), count(35_184_372_088_832)
        ('312', '77.8 k', '9.66 M', '35.2 T')
    """
    return _scaled(n) or f"{n:,.0f}"


def size(n: float) -> str:
    """Write bytes, a kilobyte being 1,000 of them.

    Example:
        >>> size(512), size(313_776), size(140e12)
        ('512 B', '314 kB', '140 TB')
    """
    return f"{_scaled(n) or f'{n:,.0f} '}B"


def _scaled(n: float) -> str:
    for step, prefix in _STEPS:
        # 999,950 rounds to a million, so the next prefix begins a little early.
        if abs(n) >= step * 0.9995:
            value = n / step
            digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
            return f"{value:.{digits}f} {prefix}"
    return ""


def percent(fraction: float, digits: int = 1) -> str:
    """Write a fraction 0–1 as percent.

    Example:
        >>> percent(0.981), percent(0.5, 0)
        ('98.1 %', '50 %')
    """
    return f"{100 * fraction:.{digits}f} %"


def interval(bounds: tuple[float, float]) -> str:
    """Write an interval of fractions as percent.

    Example:
        >>> interval((0.971, 0.988))
        '97.1–98.8 %'
    """
    return f"{100 * bounds[0]:.1f}–{100 * bounds[1]:.1f} %"


def change(now: float, before: float) -> str | None:
    """Write what changed relative to before; ``None`` where nothing did.

    The sign is a plain hyphen: that is what a metric looks for when it chooses its arrow.

    Example:
        >>> change(50, 100), change(101, 100), change(7, 7)
        ('-50.0 %', '+1.0 %', None)
    """
    if now == before or not before:
        return None
    return f"{100 * (now / before - 1):+.1f} %"


def points(now: float, before: float) -> str | None:
    """Write the difference of two fractions in percentage points; ``None`` where there is none.

    Example:
        >>> points(0.9752, 0.981), points(0.5, 0.5)
        ('-0.6 points', None)
    """
    difference = 100 * (now - before)
    return f"{difference:+.1f} points" if abs(difference) >= 0.05 else None


def signed(now: float, before: float) -> str | None:
    """Write a difference with three decimals; ``None`` where it would read as zero.

    Example:
        >>> signed(0.25, 0.125), signed(0.1, 0.1002)
        ('+0.125', None)
    """
    return f"{now - before:+.3f}" if abs(now - before) >= 0.0005 else None


def duration(seconds: float) -> str:
    """Write a time a person would wait.

    Example:
        >>> duration(0.4), duration(42), duration(180), duration(7300)
        ('under a second', '42 s', '3 min', '2.0 h')
    """
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def moment(seconds: float) -> str:
    """Write a point in time, in UTC.

    Example:
        >>> moment(0)
        '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def shape(sizes: Sequence[int]) -> str:
    """Write a tensor's shape.

    Example:
        >>> shape((16, 3, 3, 3))
        '16 × 3 × 3 × 3'
    """
    return " × ".join(map(str, sizes))


def titled(name: str) -> str:
    """Begin a name with a capital and leave the rest as it is.

    Example:
        >>> titled("accuracy"), titled("mean IoU")
        ('Accuracy', 'Mean IoU')
    """
    return name[:1].upper() + name[1:]


def sampled(reading: Reading) -> str:
    """Say on how many samples a reading was made, and how many are right where they are counted."""
    return f"{reading.correct:,} of {reading.n:,}" if reading.correct is not None else f"{reading.n:,}"


def literal(name: str) -> str:
    r"""Make a name read as it is where markdown is rendered, whatever characters it holds.

    Example:
        >>> print(literal("a_b*<i>"))
        a\_b\*\<i\>
    """
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-!|~$&])", r"\\\1", name)
    # Icon shortcodes are looked for after escapes are gone; a word joiner is invisible and breaks them.
    return escaped.replace(":", ":\u2060").replace("\n", " ")
