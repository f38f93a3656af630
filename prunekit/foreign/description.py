"""The description of an exported program: JSON, of which every text passes a grammar, and no more than a loader needs.

torch makes Python of it: expressions are evaluated, names become those of variables in code that is run, trees of
inputs import modules, and guards are code as they stand. So whatever is not known is refused, by default.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from prunekit.foreign import expressions, operators
from prunekit.foreign.refused import Refused

DEEPEST = 64
_EMPTIED: dict[str, Any] = {"metadata": {}, "guards_code": [], "treespec_namedtuple_fields": {}}
"""What the loader does without: notes on where a node came from, and guards, which it makes anew of the sizes."""
_TABLES = {"tensor_values", "sym_int_values", "sym_bool_values", "sym_float_values", "config", "range_constraints"}
"""Tables whose keys are names of the network's own."""
_OBJECTS = {"as_custom_obj", "custom_obj", "token"}
_NAME = re.compile(r"(?:[^\W\d]\w{0,199})?")
_PATH = re.compile(r"[\w.@-]{0,400}")
_TEXT = re.compile(r"[A-Za-z0-9_,.> -]{0,200}")
_VERSION = re.compile(r"[\w.+<= -]{0,60}")
_VERIFIERS = {"TRAINING", "ATEN", ""}
_CONTAINERS = {"builtins.tuple", "builtins.list", "builtins.dict"}


class Description:
    """Goes through a description and writes it anew.

    Args:
        label: what the file is called in an error.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.targets: dict[str, None] = {}
        """The operators that the description names, in order."""

    def checked(self, content: bytes) -> Any:
        """Read a description and return what of it a loader needs.

        Raises:
            Refused: no JSON, or a text that no exported program of tensors has.
        """
        try:
            return self._value(json.loads(content.decode("utf-8")), "", DEEPEST)
        except (ValueError, RecursionError):
            raise Refused(f"{self.label} is truncated or damaged (its description is no JSON).") from None

    def _value(self, value: Any, place: str, depth: int) -> Any:
        """Return a value that stands under the key ``place``."""
        if not depth:
            raise Refused(f"{self.label} describes itself more than {DEEPEST} levels deep; it is refused.")
        if place in _EMPTIED:
            return _EMPTIED[place]
        if isinstance(value, dict):
            return {
                self._key(key, place): self._value(one, "" if place in _TABLES else key, depth - 1)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._value(one, place, depth - 1) for one in value]
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, int) and abs(value) >= 1 << 63:
            raise self._unknown(str(value), place)
        return value

    def _key(self, key: str, place: str) -> str:
        if key in _OBJECTS and place not in _TABLES:
            raise Refused(f"{self.label} holds Python objects, which a network of tensors does not need.")
        if place == "range_constraints":
            expressions.checked(key, self.label)
        elif not (_PATH if place == "config" else _NAME).fullmatch(key):
            raise self._unknown(key, place)
        return key

    def _text(self, text: str, place: str) -> str:
        if place == "expr_str":
            return expressions.checked(text, self.label)
        if place in ("target", "as_operator"):
            if not operators.is_known(text):
                raise Refused(
                    f"{self.label} names the operator {text[:60]!r}, which is none on tensors; it is refused."
                )
            self.targets[text] = None
            return text
        if place in ("in_spec", "out_spec"):
            return self._tree_text(text, place)
        fits = _GRAMMARS.get(place, _NAME.fullmatch)
        if not fits(text):
            raise self._unknown(text, place)
        return text

    def _tree_text(self, text: str, place: str) -> str:
        """Return how inputs or outputs nest: of tuples, lists and dictionaries by names alone."""
        try:
            protocol, tree = json.loads(text)
            return json.dumps([1, self._tree(tree, DEEPEST)]) if protocol == 1 else ""
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._unknown(text, place) from None

    def _tree(self, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        kind, context, children = node["type"], node["context"], node["children_spec"]
        names = json.loads(context) if context is not None else None
        known = kind in _CONTAINERS or (kind is None and context is None and children == [])
        named = names is None or (
            kind == "builtins.dict"
            and isinstance(names, list)
            and all(isinstance(n, str) and _NAME.fullmatch(n) for n in names)
        )
        if not depth or not known or not named:
            raise ValueError
        spec = [self._tree(child, depth - 1) for child in children]
        return {"type": kind, "context": None if context is None else json.dumps(names), "children_spec": spec}

    def _unknown(self, text: str, place: str) -> Refused:
        return Refused(f"{self.label} says {text[:60]!a} under {place[:40]!a}, which no network of tensors says.")


_GRAMMARS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("parameter_name", "buffer_name", "tensor_constant_name", "fqn"), _PATH.fullmatch),
    **dict.fromkeys(("as_string", "as_strings"), _TEXT.fullmatch),
    "path_name": re.compile(r"(weight|tensor)_\d{1,9}").fullmatch,
    "torch_version": _VERSION.fullmatch,
    "verifiers": _VERIFIERS.__contains__,
}
"""What a text may be by the key it stands under; under any other, a name."""
