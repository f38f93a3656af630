"""An export's folder as one zip file."""

import io
import zipfile
from pathlib import Path

from prunekit.export.manifest import FILE_NAME, Manifest


def zipped(folder: Path) -> bytes:
    """Pack every file that an export lists, and its manifest, into a zip that unpacks to one folder.

    The folder in it is called as the exported files are. ``prunekit verify`` proves it wherever it is unpacked.

    Args:
        folder: the export.

    Raises:
        ExportError: the folder holds no export.
    """
    manifest = Manifest.read(folder)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (FILE_NAME, *manifest.files):
            archive.write(folder / name, f"{manifest.name}/{name}")
    return content.getvalue()
