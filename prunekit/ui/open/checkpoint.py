"""Another checkpoint for a bundled task: given by upload, opened as data, or refused beside where it was given."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.foreign import NOTE
from prunekit.records import Fit
from prunekit.tasks.zoo import BUNDLED
from prunekit.ui.state import objects, trial
from prunekit.ui.state.session import Upload, session, shown
from prunekit.ui.state.tickets import upload_in_use
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def checkpoint_upload(opened: "Opened") -> None:
    """Offer to open a bundled network with other weights; an upload is data, never code."""
    upload = upload_in_use()
    if opened.task.fit is not None:
        _fit(replace(opened.task.fit, file=upload.name) if upload else opened.task.fit)
    if upload is not None:
        st.button("Back to its own weights", on_click=_take_back)
    elif objects.ticket(session().task) is not None:
        st.caption("Other weights of a network from your own script are opened there.")
    elif opened.task.name in BUNDLED:
        _uploader()
    else:
        st.caption("Another checkpoint of your own network is named in its prunekit.toml.")


def _uploader() -> None:
    st.file_uploader(
        "Another checkpoint of this network",
        type=["safetensors", "pt", "pth"],
        key="checkpoint",
        on_change=_take_upload,
        help="A safetensors file, or a state dict that torch.save wrote. It is read as data; no code in it runs."
        f"{NOTE}",
    )
    st.toggle(
        "Take only what fits",
        key="checkpoint-partial",
        on_change=_take_upload,
        help="For another head, say: tensors that are missing or of another shape stay as they are. "
        "Without this, a file that does not have exactly the network's tensors is refused.",
    )
    now = session()
    if now.tried is not None:
        st.caption(f"Opening {literal(now.tried.name)} …")
    if now.misfit is not None:
        name, reason = now.misfit
        st.error(f"{literal(name)} was not opened; the desk is as it was. {literal(reason)}", icon=":material/error:")


def _take_upload() -> None:
    upload = shown("checkpoint")
    if upload is None:
        trial.withdraw()
    else:
        trial.begin(Upload(session().task, upload.name, upload.getvalue(), not shown("checkpoint-partial")))


def _take_back() -> None:
    session().clear_desk()
    session().upload = None


def _fit(fit: Fit) -> None:
    """Say what of the checkpoint went into the network, and name what did not."""
    off = f", without {literal(fit.prefix)} before the names" if fit.prefix else ""
    text = (
        f"Opened with the weights of {literal(fit.file)} ({literal(fit.layout)}{off}): {len(fit.matched):,} tensors fit"
    )
    if fit.is_whole:
        st.success(f"{text}, none is missing, none is left over.", icon=":material/check:")
        return
    st.warning(
        f"{text}; {len(fit.missing):,} of the network's are missing, {len(fit.unexpected):,} of the file's are left "
        f"over, {len(fit.reshaped):,} have another shape. What was not filled is as it was.",
        icon=":material/rule:",
    )
    rows = [{"tensor": name, "what": "missing in the file", "file": "", "network": ""} for name in fit.missing]
    rows += [{"tensor": name, "what": "not in the network", "file": "", "network": ""} for name in fit.unexpected]
    rows += [
        {"tensor": one.name, "what": "another shape", "file": one.given, "network": one.expected}
        for one in fit.reshaped
    ]
    table(rows, "checkpoint-misfits", "Tensors of checkpoint and network that do not fit")
