"""How far what was measured on a sample may be from the truth."""

import math
import statistics
from collections.abc import Sequence

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


def paired(broken: int, fixed: int, n: int) -> tuple[float, float]:
    """Compute the 95 % interval of the difference between two proportions measured on the same samples.

    Samples that both get right or both get wrong say nothing; half a sample is added to each of the four cases,
    so that few differences do not claim certainty.

    Source: Agresti and Min, Simple Improved Confidence Intervals for Comparing Matched Proportions, 2005.

    Args:
        broken: samples that only the first gets right.
        fixed: samples that only the second gets right.
        n: samples.

    Returns:
        ``(low, high)`` of the second proportion minus the first, within -1 and 1.

    Example:
        >>> low, high = paired(10, 30, 98)
        >>> round(low, 3), round(high, 3)
        (0.081, 0.319)
    """
    n_more, difference = n + 2, fixed - broken
    centre = difference / n_more
    half = Z95 * math.sqrt((fixed + broken + 1) - difference * difference / n_more) / n_more
    return max(-1.0, centre - half), min(1.0, centre + half)


def delta(value: float, influences: Sequence[float]) -> tuple[float, float]:
    """Compute the 95 % interval of a figure made of averages over samples, by the delta method.

    Near its value such a figure moves with the averages as with a mean of one number for each sample, its influence.

    Source: Oehlert, A Note on the Delta Method, The American Statistician, 1992.

    Args:
        value: the figure, within 0–1.
        influences: what each sample adds to it: the slope of the figure times the sample's own numbers.

    Returns:
        ``(low, high)`` within 0–1; everything where there are fewer than 2 samples.

    Example:
        >>> low, high = delta(0.5, [0.0, 1.0] * 50)
        >>> round(low, 3), round(high, 3)
        (0.402, 0.598)
    """
    n = len(influences)
    if n < 2:
        return 0.0, 1.0
    half = Z95 * math.sqrt(statistics.pvariance(influences) / n)
    return max(0.0, value - half), min(1.0, value + half)


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Compute the interval that holds the true median with at least 95 % probability, by the sign test.

    Each value lies above the true median with probability one half, whatever their distribution,
    so the interval is a pair of order statistics.

    Source: Thompson, On Confidence Ranges for the Median and Other Expectation Distributions, 1936.

    Args:
        values: independent measurements.

    Returns:
        ``(low, high)``; infinite ends where there are fewer than 6 values, too few for such an interval.

    Example:
        >>> median_interval([7, 3, 1, 10, 5, 2, 8, 4, 9, 6])
        (2, 9)
    """
    n, ordered = len(values), sorted(values)
    below, outside = 0.0, 0
    while (below := below + math.comb(n, outside) / 2**n) <= 0.025:
        outside += 1
    if outside == 0:
        return -math.inf, math.inf
    return ordered[outside - 1], ordered[n - outside]
