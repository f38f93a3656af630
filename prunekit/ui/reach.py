"""How a browser reaches a server of this process: directly, through a proxy, or through a tunnel."""

import getpass
import os
import platform
from collections.abc import Mapping
from html import escape

HUB_VARIABLE = "JUPYTERHUB_SERVICE_PREFIX"
"""Set by JupyterHub: the path below which a person's own server answers."""
SSH_VARIABLE = "SSH_CONNECTION"
"""Set by an SSH server: address and port of the client, then of the server."""


def hubs_proxy(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return where a JupyterHub shows a port, which its jupyter-server-proxy does; ``None`` outside of one."""
    prefix = environment.get(HUB_VARIABLE)
    return f"{prefix.rstrip('/')}/proxy/{{port}}/" if prefix else None


def tunnel(port: int, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the command that makes a server of this machine answer on the machine that a person sits at.

    Returns:
        ``None`` where they sit at this one, as far as the environment says.
    """
    connection = environment.get(SSH_VARIABLE, "").split()
    if len(connection) != 4:
        return None
    host, ssh_port = connection[2:]
    option = "" if ssh_port == "22" else f"-p {ssh_port} "
    return f"ssh {option}-L {port}:127.0.0.1:{port} {getpass.getuser()}@{host or platform.node()}"


def frame(address: str) -> str:
    """Return an address as the HTML of a frame that shows it, with a link beside it."""
    place = escape(address)
    return (
        f'<iframe src="{place}" width="100%" height="900" frameborder="0" allow="clipboard-write"></iframe>'
        f'<p><a href="{place}" target="_blank" rel="noopener">Open in a tab of its own</a></p>'
    )
