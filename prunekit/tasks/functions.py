"""Find a function that a person names as ``module:function`` or ``file.py:function``."""

import hashlib
import importlib
import importlib.util
import linecache
import sys
import tokenize
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from prunekit.errors import RAISED, PrunekitError, TaskError, close_matches, said


def import_function(path: str, folder: Path | None = None) -> Callable[..., Any]:
    """Import the function that ``path`` names; this runs the code of its module.

    Args:
        path: ``module:function``, or ``file.py:function``.
        folder: what a relative file is relative to; its modules can be imported too.

    Returns:
        The function.

    Raises:
        TaskError: not of that form, nothing there, or its module raises.
    """
    where, _, name = path.partition(":")
    if not where or not name:
        raise TaskError(f"{path!r} names no function; write module:function or file.py:function.")
    if folder is not None:
        _see(folder)
    module = import_file((folder or Path()) / where) if where.endswith(".py") else _module(where)
    function = getattr(module, name, None)
    if not callable(function):
        callables = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise TaskError(f"{where} has no function {name!r}; {close_matches(name, callables)}")
    return function  # type: ignore[no-any-return]


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except RAISED as error:
        raise TaskError(f"The module {name} cannot be imported: {said(error)}.") from error


def _see(folder: Path) -> None:
    """Let the modules of a folder be imported; last, so that they shadow nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def import_file(file: Path, *, refresh: bool = False) -> ModuleType:
    """Import a Python file as a module, once; this runs its code.

    Args:
        file: the file; its neighbours can be imported too.
        refresh: whether it runs again where it was edited since.

    Raises:
        TaskError: it is not there, or its code raises.
    """
    file = file.resolve()
    if not file.is_file():
        raise TaskError(f"The file {file} does not exist.")
    _see(file.parent)
    # Two projects may both have a nets.py.
    name = f"{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    if name in sys.modules and not (refresh and _edited(file)):
        return sys.modules[name]
    loader = _SourceAlone(name, str(file))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    _hold(file)
    try:
        loader.exec_module(module)
    except PrunekitError:  # what it registers says itself what is wrong
        del sys.modules[name]
        raise
    except RAISED as error:
        del sys.modules[name]
        raise TaskError(f"{file.name} cannot be imported: {said(error)}.") from error
    return module


class _SourceAlone(SourceFileLoader):
    """Compiles a file each time that it runs.

    What Python keeps of a compiled file is told from an edited one by its size and the second of its last edit alone.
    """

    def path_stats(self, path: Any) -> Mapping[str, Any]:
        """Say that nothing is known of the file, so that nothing compiled is looked for or kept."""
        raise OSError


def _hold(file: Path) -> None:
    """Let a file's source stay what is loaded now, though somebody may edit the file while its code runs."""
    lines = linecache.updatecache(str(file))
    linecache.cache[str(file)] = sum(map(len, lines)), None, lines, str(file)


def _edited(file: Path) -> bool:
    with tokenize.open(file) as source:  # in the encoding that its first lines name
        return "".join(linecache.getlines(str(file))).rstrip("\n") != source.read().rstrip("\n")
