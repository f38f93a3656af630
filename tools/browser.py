"""The Chromium that the browser tests drive: an installed one, else Debian's package, else Playwright's own download.

``python -m tools.browser`` provides one and prints the path of its executable.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def installed() -> str | None:
    """Return the path of a Chromium that runs, or ``None``."""
    for name in NAMES:
        path = shutil.which(name)
        if path and _runs(path):
            return path
    path = _playwrights()
    return path if Path(path).exists() else None


def provide() -> str:
    """Return the path of a Chromium, installing one where there is none.

    Raises:
        SystemExit: none is there and none could be installed.
    """
    path = installed()
    for install in (_debians_package, _playwrights_download):
        if path is None:
            install()
            path = installed()
    if path is None:
        raise SystemExit("No Chromium was found or could be installed; install chromium or google-chrome and retry.")
    return path


def _runs(path: str) -> bool:
    # Some systems ship a stub of that name which only says how to install it.
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def _playwrights() -> str:
    # Asked in a process of its own: Playwright's driver does not start inside a running event loop.
    code = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _debians_package() -> None:
    if os.geteuid() == 0 and (apt := shutil.which("apt-get")):
        _run(apt, "update", "-q")
        _run(apt, "install", "-q", "-y", "--no-install-recommends", "chromium")


def _playwrights_download() -> None:
    system_libraries = ["--with-deps"] if sys.platform == "linux" and os.geteuid() == 0 else []
    _run(sys.executable, "-m", "playwright", "install", *system_libraries, "chromium")


def _run(*command: str) -> None:
    # The printed path is the only thing on standard output; a failure shows in the next look for a browser.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    print(provide())
