"""Mixed precision: the bits of each layer that do the least harm within a byte budget."""

from collections.abc import Callable, Mapping

from prunekit.errors import RecipeError

Curve = Mapping[int, float]
"""Bits → harm (KL from the dense output, nats) of one layer quantised alone."""


def mixed(curves: Mapping[str, Curve], cost: Callable[[Mapping[str, int]], int], limit: int) -> dict[str, int]:
    """Lower, step by step, the bits of the layer that does the least harm for the bytes it saves.

    Harms are added up, although each was measured with the other layers unchanged; a step may skip options above the
    lower convex hull of a layer's curve.

    Source: Shoham and Gersho, Efficient Bit Allocation for an Arbitrary Set of Quantizers, 1988.

    Args:
        curves: layer → harm of each of its options; 32 is as it was trained, without harm.
        cost: bits of each layer → bytes of the network.
        limit: bytes that may be left.

    Returns:
        Bits of each layer that is quantised.

    Raises:
        RecipeError: the fewest bits of every layer take more.
    """
    least = {layer: min(curve) for layer, curve in curves.items()}
    if cost(least) > limit:
        stays = cost(least)
        raise RecipeError(f"bytes cannot fall to {limit:,}: with the fewest bits that were scanned {stays:,} stay.")
    bits: dict[str, int] = {}
    size = cost(bits)
    while size > limit:
        _, layer, option = min(
            ((curve[option] - _harm(curve, bits.get(layer))) / saved, layer, option)
            for layer, curve in curves.items()
            for option in curve
            if option < bits.get(layer, 32) and (saved := size - cost({**bits, layer: option})) > 0
        )
        bits[layer] = option
        size = cost(bits)
    return _given_back(curves, cost, limit, bits)


def _given_back(
    curves: Mapping[str, Curve], cost: Callable[[Mapping[str, int]], int], limit: int, bits: dict[str, int]
) -> dict[str, int]:
    """Raise bits again where the budget allows it, the most harm mended first."""
    while True:
        better = [
            (_harm(curve, bits[layer]) - curve[option], layer, option)
            for layer, curve in curves.items()
            for option in curve
            if layer in bits and option > bits[layer] and cost({**bits, layer: option}) <= limit
        ]
        gain, layer, option = max(better, default=(0.0, "", 0))
        if gain <= 0:
            return bits
        bits[layer] = option


def _harm(curve: Curve, bits: int | None) -> float:
    return 0.0 if bits is None else curve[bits]
