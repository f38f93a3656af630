"""Where to cut first, as a table: what each group or layer gives for one point, and what it loses at half."""

from collections.abc import Mapping, Sequence

from prunekit.figures.bands import band_of
from prunekit.figures.layout import Row
from prunekit.records import Loss, Mode, Rank, Status

UNKNOWN = "not measured yet"
MINUS = "\u2212"


def ranking_table(ranks: Sequence[Rank], mode: Mode, tied: Mapping[str, Sequence[str]] | None = None) -> list[Row]:
    """Return the ranking, one row for each group or layer, in the order given.

    Args:
        ranks: as they are ranked.
        mode: what was cut; zeroed weights free no MACs.
        tied: the further layers that each group cuts, listed so that each is found by its name.
    """
    frees = (
        {"frees MACs, %": "macs", "frees params, %": "params"}
        if mode is Mode.CHANNELS
        else {"zeroes params, %": "params"}
    )
    return [
        {
            "layer": rank.name,
            "can go, %": None if rank.removable is None else 100 * rank.removable / rank.pieces,
            "from–to, %": _share(rank),
            **{column: None if rank.removable is None else 100 * getattr(rank, what) for column, what in frees.items()},
            "half loses, points": rank.half.points if rank.half else None,
            "from–to, points": _interval(rank.half) if rank.half else None,
            "half is": band_of(rank.half.points).name if rank.half else None,
            "share known by": UNKNOWN if rank.removable is None else rank.status.value,
            "loss known by": known_by(rank.half) if rank.half else UNKNOWN,
            "KL at half, nats": rank.kl,
            **({"also cuts": ", ".join((tied or {}).get(rank.name, ()))} if mode is Mode.CHANNELS else {}),
        }
        for rank in ranks
    ]


def known_by(loss: Loss) -> str:
    """Say how a loss is known, and on how many samples."""
    if loss.status is Status.INTERPOLATED:
        return "interpolated, no interval"
    if loss.status is Status.ESTIMATED and loss.interval is None:
        return f"first look, {loss.n:,} samples"
    return f"{loss.status.value}, {loss.n:,} samples"


def _share(rank: Rank) -> str | None:
    """Write how much may go at least and at most."""
    if rank.removable is None or rank.between is None:
        return None
    low, high = (100 * count / rank.pieces for count in rank.between)
    if rank.is_deepest:
        return f"{low:.0f} or more"
    return f"{low:.0f} to {high:.0f}"


def _interval(loss: Loss) -> str | None:
    if loss.interval is None:
        return None
    low, high = (f"{end:.1f}".replace("-", MINUS) for end in loss.interval)
    return f"exactly {high}" if low == high else f"{low} to {high}"
