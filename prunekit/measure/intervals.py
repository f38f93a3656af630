"""How far a proportion measured on a sample may be from the truth."""

import math

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def wilson(correct: int, n: int) -> tuple[float, float]:
    """Compute the 95 % Wilson score interval of a proportion.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.

    Args:
        correct: successes, from 0 to ``n``.
        n: trials.

    Returns:
        ``(low, high)`` within 0–1; ``(0, 1)`` without trials.

    Example:
        >>> low, high = wilson(9, 10)
        >>> round(low, 3), round(high, 3)
        (0.596, 0.982)
    """
    if n == 0:
        return 0.0, 1.0
    share, spread = correct / n, Z95 * Z95 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z95 * math.sqrt(share * (1 - share) / n + spread / n / 4) / (1 + spread)
    low = 0.0 if correct == 0 else centre - half
    high = 1.0 if correct == n else centre + half
    return low, high
