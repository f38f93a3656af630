import streamlit as st

from prunekit.ui.hints import hint
from prunekit.ui.jobs import ask, follow
from prunekit.ui.opening import opened_task
from prunekit.ui.reading import desk_recipe
from prunekit.ui.session import Asked, session
from prunekit.ui.text import literal

opened = opened_task("Weights")

# These bring torch or plotly, so they come after the title is painted.
from prunekit import verbs  # noqa: E402
from prunekit.figures.weights import distributions, distributions_table  # noqa: E402
from prunekit.ui.chart import choosing_chart  # noqa: E402
from prunekit.ui.layer_view import layer_view  # noqa: E402

recipe = desk_recipe(opened)


def bins() -> Asked:
    """Ask for the bins of every layer on the desk."""
    question = (opened.digest, recipe)
    return ask("distributions", question, lambda: iter([verbs.histograms(opened, recipe, common_range=True)]))


def draw() -> None:
    """Draw all layers at a glance."""
    asked = bins()
    if asked.error:
        st.error(literal(asked.error), icon=":material/error:")
    elif asked.answer is None:
        st.skeleton(height=420)
    else:
        found = asked.answer
        alt = f"Heatmap: where the weights of each of {len(found)} layers lie"
        choosing_chart(distributions(found), distributions_table(found), "distributions", alt, choose)


def choose(layer: str) -> None:
    """Look closer at a layer that was clicked."""
    session().layer = layer


hint("weights page")
follow("distributions", draw, lambda: not bins().finished)
st.subheader("What is in one layer, and what does the cut take?", anchor=False)
layer_view(opened)
