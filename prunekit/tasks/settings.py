"""What a project file may say, and the same from the command line."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prunekit.errors import TaskError, close_matches
from prunekit.objectives import METRICS
from prunekit.tasks.zoo import TASKS


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(type(size) is int and size > 0 for size in value)


def _are_numbers(value: Any) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return numbers != [] and all(type(number) in (int, float) for number in numbers)


def _are_files(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(_is_text(file) and file.endswith(".py") for file in value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(name, str) for name in value)


KEYS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", _is_text),
    "factory": ("a text such as nets.py:small_net", _is_text),
    "arguments": ("a table of the factory's arguments", lambda value: isinstance(value, dict)),
    "program": ("the path of a .pt2 file", _is_text),
    "checkpoint": ("the path of a file", _is_text),
    "strict": ("true or false", lambda value: isinstance(value, bool)),
    "input": ("the shape of one sample, such as [3, 32, 32]", _is_shape),
    "data": ("the path of an .npz file or a folder, sklearn:digits, or file.py:function", _is_text),
    "limit": ("how many samples of each split to read", lambda value: type(value) is int and value > 0),
    "classes": ("a list of names", _are_names),
    "mean": ("a number, or one for each channel", _are_numbers),
    "std": ("a number, or one for each channel", _are_numbers),
    "preprocess": ("file.py:function", lambda value: _is_text(value) and ":" in value),
    "metric": (f"{', '.join(METRICS)} or file.py:function", _is_text),
    "higher_is_better": ("true or false", lambda value: isinstance(value, bool)),
    "use": ('a list of files such as ["my_criteria.py"]', _are_files),
}
"""Every key with what it is in words, and whether a value can be it."""

Settings = Mapping[str, Any]


def read_settings(path: Path, flags: Settings) -> Settings:
    """Read a project file; flags replace its settings.

    Raises:
        TaskError: unreadable, or a key is missing, unknown or unusable.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TaskError(f"The project file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaskError(f"The project file {path} is not valid TOML: {error}.") from None
    return check_settings({**settings, **flags}, path.name)


def check_settings(settings: Settings, where: str) -> Settings:
    """Return settings, checked: every needed key is there, and every key is known.

    Args:
        settings: values by key.
        where: what an error calls the place they come from.

    Raises:
        TaskError: a key is missing, unknown or unusable.
    """
    for key, value in settings.items():
        if key not in KEYS:
            raise TaskError(f"{where} has the unknown key {key!r}; {close_matches(key, KEYS)}")
        meaning, fits = KEYS[key]
        if not fits(value):
            raise TaskError(f"{where} gives {key!r} the value {value!r}; expected {meaning}.")
    needed = ("name", "data", *(() if "program" in settings else ("factory",)))
    for key in needed:
        if key not in settings:
            raise TaskError(f"{where} lacks {key!r}: {KEYS[key][0]}.")
    if "program" in settings and (both := {"factory", "arguments", "checkpoint"} & set(settings)):
        raise TaskError(
            f"{where} names a program, which has its weights in it, and {sorted(both)[0]!r}; leave one out."
        )
    if settings["name"] in TASKS:
        raise TaskError(f"{where} uses the name {settings['name']!r} of a bundled task; choose another.")
    return settings


def from_here(flags: Settings, folder: Path) -> dict[str, Any]:
    """Make the paths in flags absolute: they are relative to the folder of the command, not of the project file.

    Args:
        flags: values by key.
        folder: where the command was given.
    """
    absolute = dict(flags)
    for key, value in flags.items():
        if key in ("checkpoint", "program") or (key == "data" and ":" not in value):
            absolute[key] = str((folder / value).absolute())
        elif key in ("factory", "data", "preprocess", "metric") and ".py:" in value:
            file, _, function = value.partition(":")
            absolute[key] = f"{(folder / file).absolute()}:{function}"
    return absolute
