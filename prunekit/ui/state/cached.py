"""Results that all visitors share, under keys that identify the content; the only file with cache decorators."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from prunekit.engine import Ticket
from prunekit.engine.shared import worker

if TYPE_CHECKING:
    from prunekit.records import Evaluation
    from prunekit.verbs import Opened

T = TypeVar("T")

TASKS_OPEN = 8
"""Tasks that stay open side by side; the one opened first goes first."""


@st.cache_resource(show_spinner=False, max_entries=TASKS_OPEN)
def opening(
    task: str, settings: str, workspace: str, checkpoint: str, strict: bool, _content: bytes | None
) -> "Ticket[Opened]":
    """Start to open a task.

    Args:
        task: a bundled task, or what the server was started with.
        settings: its settings from the command line, as JSON.
        workspace: the folder of the history.
        checkpoint: digest of the content, empty for the task's own.
        strict: whether the content must have exactly the network's tensors.
        _content: a checkpoint to use instead of the task's own.
    """

    def work() -> "Iterator[Opened]":
        from prunekit import verbs

        opened = verbs.open_task(task, workspace, _content, strict, json.loads(settings or "{}"))
        assert opened.key  # computed here, where it keeps no page waiting
        yield opened

    return worker().reading(("open", task, settings, workspace, checkpoint, strict), work)


@st.cache_resource(show_spinner=False, max_entries=TASKS_OPEN)
def dense_evaluation(task: str, _opened: "Opened", limit: int | None) -> "Ticket[Evaluation]":
    """Start to measure the own network of a task, which the digest ``task`` names, on the first ``limit`` samples.

    ``limit`` has no default: left out or given as ``None`` it would be two entries, the second superseding the first.
    """

    def work() -> "Iterator[Evaluation | None]":
        from prunekit import verbs
        from prunekit.recipe import Recipe

        yield from verbs.evaluate_steps(_opened, Recipe(task=_opened.task.name), limit=limit)
        worker().reading(("warm", task), lambda: verbs.warm_up(_opened))

    return worker().reading(("dense", task, limit), work)


@st.cache_resource(show_spinner=False, max_entries=2 * TASKS_OPEN)
def of_dense(what: str, subject: str, _work: Callable[[], Iterable[T]]) -> "Ticket[T]":
    """Start to compute a result about a task's own network, once for all visitors.

    Args:
        what: name of the result.
        subject: digest of what the result depends on: the task, or its weights alone.
        _work: starts it.
    """
    return worker().reading((what, subject), _work)


@st.cache_resource(show_spinner=False)
def printed_article() -> tuple[tuple[str, tuple[int, ...], int], ...]:
    """Return name, weight shape and parameters of every layer of the article's network as printed."""

    def work() -> tuple[tuple[str, tuple[int, ...], int], ...]:
        from prunekit.tasks.article import article_as_printed

        return tuple(
            (
                name,
                tuple(layer.get_parameter("weight").shape),
                sum(parameter.numel() for parameter in layer.parameters()),
            )
            for name, layer in article_as_printed().named_children()
        )

    return worker().call(work)
