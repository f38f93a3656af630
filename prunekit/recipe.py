"""The recipe: the whole question asked of a network, frozen, hashable and JSON."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

from prunekit.errors import RecipeError, close_matches
from prunekit.pattern import Pattern

V = TypeVar("V")

VERSION = 1

BITS = (16, 8, 6, 4, 3, 2, 1)
"""Bits that a weight may take besides its own 32: 16 is half precision, 2 ternary, 1 binary."""


class FrozenMap(Mapping[str, V], Generic[V]):
    """A mapping that can be hashed, pickled and shared; keys iterate in sorted order."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._items: dict[str, V] = {name: items[name] for name in sorted(items)} if items else {}

    def __getitem__(self, name: str) -> V:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


def kept_units(n: int, sparsity: float, round_to: int = 1) -> int:
    """Count what is kept of ``n`` units: ``max(1, ⌊n·(1−p) + 1e-9⌋)``.

    Args:
        n: units (or weights) of the dense network.
        sparsity: fraction 0–1 to remove.
        round_to: keep a multiple of this many units, at least that many; a group that is not
            cut, or has fewer units than one multiple, stays whole.

    Returns:
        The number of units kept, between 1 and ``n``.

    Example:
        >>> kept_units(64, 0.5), kept_units(10, 0.35), kept_units(3, 1.0)
        (32, 6, 1)
        >>> kept_units(30, 0.5, round_to=8)
        8
    """
    kept = max(1, math.floor(n * (1.0 - sparsity) + 1e-9))
    if round_to > 1 and kept < n:
        kept = min(n, max(round_to, kept // round_to * round_to))
    return kept


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to remove from a task's dense network, and how to choose it.

    Attributes:
        task: name of the task the recipe was written for.
        base: run whose weights are scored and cut; ``None`` is the task's own network.
        channels: sparsity (fraction 0–1) per group.
        keep: units a hand keeps whatever their score, per group.
        drop: units a hand drops whatever their score, per group.
        round_to: kept units are a multiple of this, per group.
        weights: unstructured sparsity (fraction 0–1), or an N:M ``Pattern``, per layer.
        blocks: parts that are removed whole.
        bits: bits of each weight, one of ``BITS``, per layer; layers not named keep their own precision.
        activation_bits: bits of the values that quantised layers read; ``None`` keeps their precision.
        criterion: name of the score; the lowest go first.
        seed: seed of criteria that draw or sample.
        recalibrate: estimate BatchNorm statistics anew on train data after the cut.
    """

    task: str = ""
    base: str | None = None
    channels: Mapping[str, float] = field(default_factory=FrozenMap)
    keep: Mapping[str, tuple[int, ...]] = field(default_factory=FrozenMap)
    drop: Mapping[str, tuple[int, ...]] = field(default_factory=FrozenMap)
    round_to: Mapping[str, int] = field(default_factory=FrozenMap)
    weights: Mapping[str, float] = field(default_factory=FrozenMap)
    blocks: tuple[str, ...] = ()
    bits: Mapping[str, int] = field(default_factory=FrozenMap)
    activation_bits: int | None = None
    criterion: str = "l2"
    seed: int = 0
    recalibrate: bool = True

    def __post_init__(self) -> None:
        for name in ("channels", "weights"):
            values = {key: _fraction(name, key, value) for key, value in getattr(self, name).items()}
            object.__setattr__(self, name, FrozenMap({k: v for k, v in values.items() if v > 0}))
        for name in ("keep", "drop"):
            units = {key: _units(name, key, value) for key, value in getattr(self, name).items()}
            object.__setattr__(self, name, FrozenMap({k: v for k, v in units.items() if v}))
        steps = {key: _step(key, value) for key, value in self.round_to.items()}
        object.__setattr__(self, "round_to", FrozenMap({k: v for k, v in steps.items() if v > 1}))
        object.__setattr__(self, "blocks", _names(self.blocks))
        object.__setattr__(self, "bits", FrozenMap({key: _bits(key, value) for key, value in self.bits.items()}))
        if self.activation_bits not in (None, 8):
            raise RecipeError(f"activation_bits is 8 or null; the recipe has {self.activation_bits!r}.")
        if not -(1 << 63) <= self.seed < 1 << 63:
            raise RecipeError("A seed has at most 63 bits; give a smaller one.")

    def __repr__(self) -> str:
        values, usual = ((entry.name, getattr(self, entry.name)) for entry in fields(self)), Recipe()
        unusual = (f"{name}={value!r}" for name, value in values if value != getattr(usual, name))
        return f"Recipe({', '.join(unusual)})"

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that name this recipe's content."""
        asked = self.to_json()
        for key in LATER:  # a recipe that does not use them is still called what it was before them
            if not asked[key]:
                del asked[key]
        return hashlib.sha256(_in_order(asked).encode()).hexdigest()[:16]

    @property
    def is_dense(self) -> bool:
        """Whether the recipe changes nothing of its base."""
        return not (self.channels or self.weights or self.drop or self.blocks or self.bits)

    def with_channels(self, **changes: float) -> "Recipe":
        """Return a copy with some groups' sparsity changed; 0 takes the group out."""
        return replace(self, channels={**self.channels, **changes})

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values, every key present."""
        return {
            "version": VERSION,
            "task": self.task,
            "base": self.base,
            "channels": dict(self.channels),
            "keep": {group: list(units) for group, units in self.keep.items()},
            "drop": {group: list(units) for group, units in self.drop.items()},
            "round_to": dict(self.round_to),
            "weights": {layer: str(v) if isinstance(v, Pattern) else v for layer, v in self.weights.items()},
            "blocks": list(self.blocks),
            "bits": dict(self.bits),
            "activation_bits": self.activation_bits,
            "criterion": self.criterion,
            "seed": self.seed,
            "recalibrate": self.recalibrate,
        }

    def to_text(self) -> str:
        """Return the recipe as JSON text for a file that people read and edit."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Recipe":
        """Read a recipe from JSON values; every key is optional.

        Raises:
            RecipeError: an unknown key, another version, or a value of the wrong kind.
        """
        if not isinstance(data, Mapping):
            raise RecipeError(f"A recipe is a JSON object, not {type(data).__name__}.")
        known = {f.name for f in fields(Recipe)}
        for key in data:
            if key not in known and key != "version":
                raise RecipeError(f"Unknown recipe key {key!r}; {close_matches(key, known)}")
        if data.get("version", VERSION) != VERSION:
            raise RecipeError(f"Recipe version {data['version']!r} is not supported; this is version {VERSION}.")
        for key, kind in _KINDS.items():
            if key in data and not isinstance(data[key], kind):
                raise RecipeError(f"Recipe key {key!r} cannot hold {data[key]!r}.")
        return Recipe(**{key: value for key, value in data.items() if key != "version"})

    @staticmethod
    def from_text(text: str | bytes) -> "Recipe":
        """Read a recipe from JSON text, or from a file's bytes.

        Raises:
            RecipeError: not JSON, a key that is there twice, or not a recipe.
        """
        try:
            data = json.loads(text, object_pairs_hook=_once)
            json.dumps(data, ensure_ascii=False).encode()  # half a character, as \ud800, is valid JSON and no text
        except (ValueError, RecursionError) as error:  # among them: bad bytes, numbers of a thousand digits
            raise RecipeError(f"The recipe is not valid JSON: {error}.") from None
        return Recipe.from_json(data)


_in_order = json.JSONEncoder(sort_keys=True).encode
"""Made once: a scan names a recipe for each of its points."""

LATER = ("blocks", "bits", "activation_bits")
"""Keys that came after recipes had been stored."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    "task": str,
    "base": (str, type(None)),
    "channels": Mapping,
    "keep": Mapping,
    "drop": Mapping,
    "round_to": Mapping,
    "weights": Mapping,
    "blocks": list,
    "bits": Mapping,
    "activation_bits": (int, type(None)),
    "criterion": str,
    "seed": int,
    "recalibrate": bool,
}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice in an object, of which JSON would silently take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RecipeError(f"The recipe has {next(n for n in names if names.count(n) > 1)!r} twice; keep one.")
    return found


def _fraction(key: str, name: str, value: Any) -> float:
    if isinstance(value, Pattern):
        return value
    if key == "weights" and isinstance(value, str):
        try:
            return Pattern(value)
        except ValueError:
            raise RecipeError(
                f"A pattern is N:M, such as 2:4: N of every M weights are zero; weights gives {name!r} {value!r}."
            ) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RecipeError(f"Sparsity is a fraction from 0 to 1; {key} gives {name!r} the value {value!r}.")
    return float(value)


def _units(key: str, group: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise RecipeError(f"{key} lists unit numbers; group {group!r} has {value!r}.")
    units = tuple(value)
    if any(isinstance(u, bool) or not isinstance(u, int) or u < 0 for u in units):
        raise RecipeError(f"{key} lists unit numbers from 0; group {group!r} has {list(units)!r}.")
    return tuple(sorted(set(units)))


def _step(group: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RecipeError(f"round_to is a whole number from 1; group {group!r} has {value!r}.")
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = () if isinstance(value, str) else tuple(value)
    if isinstance(value, str) or not all(isinstance(name, str) for name in names):
        raise RecipeError(f"blocks lists names of blocks; the recipe has {value!r}.")
    return tuple(sorted(set(names)))


def _bits(layer: str, value: Any) -> int:
    if isinstance(value, bool) or value not in BITS:
        raise RecipeError(f"Bits are one of {', '.join(map(str, BITS))}; layer {layer!r} has {value!r}.")
    return int(value)
