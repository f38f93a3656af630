"""Latencies in the database, under the weights and the recipe they were measured of.

So every run of a recipe has them, whichever came first, and a recovered run has those of its cut.
"""

import sqlite3

from prunekit.records import Latency
from prunekit.store.encoding import latency_of, latency_text


def add(db: sqlite3.Connection, model: str, latency: Latency) -> None:
    """Store a latency in place of an earlier one of the same recipe, runtime, batch size and thread count."""
    db.execute(
        "INSERT INTO latencies (model, recipe, runtime, batch, threads, latency) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (model, recipe, runtime, batch, threads) DO UPDATE SET latency = excluded.latency",
        (model, latency.recipe, latency.runtime, latency.batch, latency.threads, latency_text(latency)),
    )


def of_model(db: sqlite3.Connection, model: str) -> dict[str, tuple[Latency, ...]]:
    """Return what was timed of a network's recipes: by runtime, PyTorch first, then by batch size, then by threads.

    Args:
        db: an open transaction.
        model: digest of the dense weights.

    Returns:
        Recipe digest → latencies.
    """
    by_recipe: dict[str, tuple[Latency, ...]] = {}
    order = "runtime != 'eager', runtime DESC, batch, threads"
    query = f"SELECT recipe, latency FROM latencies WHERE model = ? ORDER BY {order}"
    for recipe, text in db.execute(query, (model,)):
        by_recipe[recipe] = (*by_recipe.get(recipe, ()), latency_of(text))
    return by_recipe
