"""Image files, decoded and cut to one size."""

from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageOps

from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
MODES = {1: "L", 3: "RGB"}
MOST_PIXELS = 1 << 26
"""Pixels of one image, by its header; no camera that people carry takes more at once."""


def read_images(request: Request, out: BinaryIO) -> dict[str, Any]:
    """Decode images, scale each to cover a size, and crop it at the middle.

    Args:
        request: the files, in order; its options give ``channels``, ``height`` and ``width``.
        out: takes the images, each ``(height, width, channels)`` uint8.

    Returns:
        ``{}``; the images are all there is to say.

    Raises:
        Refused: one cannot be decoded, or would be a giant.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    options = request.options
    for path in request.paths:
        request.begin(path)
        out.write(_image(path, MODES[options["channels"]], (options["width"], options["height"])))
    return {}


def _image(path: Path, mode: str, size: tuple[int, int]) -> bytes:
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise Refused(f"The image {path} is {width:,} × {height:,} pixels large; make it smaller.")
            image.draft(mode, (2 * size[0], 2 * size[1]))  # a JPEG may be decoded at a fraction of its size
            whole = image if image.mode == mode else image.convert(mode)
            return ImageOps.fit(whole, size, Image.Resampling.BILINEAR).tobytes()
    except (Refused, MemoryError):
        raise
    except Exception as error:  # every decoder has its own
        raise Refused(f"The image {path} cannot be read ({type(error).__name__}).") from None
