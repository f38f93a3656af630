"""CIFAR's batches: pickles of a dictionary whose values are numbers, texts, lists of them and one array of bytes.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

from pathlib import Path
from typing import Any, BinaryIO

from prunekit.foreign.opcodes import Call, Pairs, Reader
from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request

PIXELS = 3 * 32 * 32
MOST_IMAGES = 1 << 20
MOST_CLASSES = 1 << 12
_ARRAY = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_KNOWN = {*_ARRAY, "numpy.ndarray", "numpy.dtype", "_codecs.encode"}


def read_cifar_batches(request: Request, out: BinaryIO) -> dict[str, Any]:
    """Read batches of images, or the class names.

    Args:
        request: the files, in order; its options name the key of the ``labels`` or that of the ``names``.
        out: takes the images, ``(n, 3072)`` uint8, of all files.

    Returns:
        ``{"labels": [[…], …]}``, those of each file; or ``{"names": […]}``.

    Raises:
        Refused: damaged, or none of CIFAR's files.
    """
    if "names" in request.options:
        return {"names": _names(_pickled(request.paths[0]), request.options["names"], request.paths[0])}
    return {"labels": [_batch(path, request.options["labels"], out) for path in request.paths]}


def _pickled(path: Path) -> dict[str, Any]:
    """Return a batch's values by name."""
    label = f"The data file {path}"
    reader = Reader(path.read_bytes(), label)
    content = reader.load()
    if unknown := [name for name in reader.names if name not in _KNOWN]:
        raise Refused(f"{label} is damaged, or asks for more than arrays ({unknown[0][:60]}).")
    if not isinstance(content, Pairs):
        raise Refused(f"{label} is none of CIFAR's.")
    return {name: value for key, value in content.items if (name := _text(key)) is not None}


def _text(value: Any) -> str | None:
    """Return a name, which Python 2 wrote as bytes; ``None`` of anything else."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _batch(path: Path, key: str, out: BinaryIO) -> list[int]:
    """Write a file's images and return their labels."""
    content = _pickled(path)
    pixels, labels = _bytes_of(content.get("data")), content.get(key, [])
    fits = isinstance(labels, list) and 0 < len(labels) <= MOST_IMAGES and len(pixels) == PIXELS * len(labels)
    if not fits or not all(type(label) is int and 0 <= label < MOST_CLASSES for label in labels):
        raise Refused(f"The files in {path.parent} do not hold CIFAR's images and labels.")
    out.write(pixels)
    return list(labels)


def _bytes_of(array: Any) -> bytes:
    """Return the bytes of an array of bytes; none of any other."""
    if not isinstance(array, Call) or array.path not in _ARRAY or not isinstance(array.state, tuple):
        return b""
    if len(array.state) != 5:
        return b""
    _, _, kind, fortran, content = array.state
    is_bytes = isinstance(kind, Call) and kind.path == "numpy.dtype" and kind.arguments[:1] in (("u1",), (b"u1",))
    return content if is_bytes and fortran is False and isinstance(content, bytes) else b""


def _names(content: dict[str, Any], key: str, path: Path) -> list[str]:
    names = content.get(key, [])
    texts = [_text(name) for name in names] if isinstance(names, list) else [None]
    if len(texts) > MOST_CLASSES or None in texts:
        raise Refused(f"The data file {path} does not name CIFAR's classes.")
    return [text[:100] for text in texts if text is not None]
