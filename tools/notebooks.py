"""The example notebooks, executed anew: ``python -m tools.notebooks`` writes their outputs and pictures."""

import base64
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from playwright.sync_api import Page, sync_playwright
from plotly.offline import get_plotlyjs

from tools.app_server import ROOT
from tools.browser import provide

NOTEBOOKS = ROOT / "examples" / "notebooks"
FIGURE = "application/vnd.plotly.v1+json"
PICTURE = "image/png"
WIDTH = 760
"""Pixels: what a page that shows a notebook leaves for an output."""
SCALE = 1.5
"""Pixels of the picture for each of those, for sharp text on fine screens."""
PATIENCE = 600
"""Seconds that a cell may take."""
KERNEL = {
    "OMP_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "PLOTLY_RENDERER": "plotly_mimetype",
}
"""What a kernel is told: one thread and the same instructions everywhere, so that a training ends alike on many
machines, and figures as data."""
DRAW = """([figure, width, scale]) => Plotly.toImage(
    {data: figure.data, layout: {...figure.layout, paper_bgcolor: "white"}},  // read on dark pages, too
    {format: "png", width: width, height: figure.layout.height, scale: scale},
)"""


def main() -> None:
    """Execute every notebook and write it with pictures in place of its interactive figures."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=provide(), args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page()
        page.add_script_tag(content=get_plotlyjs())
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            with tempfile.TemporaryDirectory() as folder:
                notebook = executed(path, Path(folder))
            for data in figures(notebook):
                data[PICTURE] = _picture(page, data.pop(FIGURE))
            nbformat.write(notebook, path)
            print(path.relative_to(ROOT))
        chromium.close()


def executed(path: Path, folder: Path) -> NotebookNode:
    """Execute a notebook from scratch, in order; the file stays as it is.

    Args:
        path: the notebook.
        folder: where it runs, and writes what it writes.

    Returns:
        The notebook with its new outputs, figures as data.

    Raises:
        CellExecutionError: a cell raised an error.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        record_timing=False,
        resources={"metadata": {"path": folder}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of TCP, which stays on this machine
    )
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    client.execute(env={**_without(os.environ), **KERNEL, "PYTHONPATH": paths})
    notebook.metadata.language_info = {"name": "python"}  # without the version of the Python at hand
    return notebook


def figures(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """Yield the data, by media type, of each output that is a figure."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if FIGURE in output.get("data", {}):
                yield output.data


def _without(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out the settings that are ours: a notebook runs as for somebody who has none."""
    return {name: value for name, value in environment.items() if not name.startswith("PRUNEKIT_")}


def _picture(page: Page, figure: dict[str, Any]) -> str:
    """Draw a figure in the browser: a PNG in base64, as notebooks hold it."""
    address: str = page.evaluate(DRAW, [figure, WIDTH, SCALE])
    encoded = address.partition(",")[2]
    assert base64.b64decode(encoded).startswith(b"\x89PNG"), "the browser draws what it is asked for"
    return encoded


if __name__ == "__main__":
    main()
