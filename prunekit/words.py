"""The words of the screen: what each means and where it stands; ``docs/words.md`` is this table as a page.

Pages take the help texts of their controls from here, and charts the titles of their axes, so that one idea has one
name everywhere. A test renders every page and finds none of the words that stand in ``instead_of``.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the screen.

    Attributes:
        name: as it is written.
        meaning: one or two sentences, which are a control's help text as they stand.
        where: the pages and charts that it stands on.
        instead_of: words for the same idea that no page uses.
    """

    name: str
    meaning: str
    where: str
    instead_of: tuple[str, ...] = ()


WORDS = {
    word.name: word
    for word in (
        # What is cut
        Word("sparsity", "Share that is removed: of a group's channels, or of a layer's weights.", "every page"),
        Word("channels", "What a cut of channels removes whole: the network really gets smaller.", "every page"),
        Word("weights in the bin", "How many weights have a value in that range.", "Weights: a layer's histogram"),
        Word("weight", "The value of one weight of a layer.", "Weights: every distribution"),
        Word("units", "Channels of a convolution, neurons of a linear layer or heads of an attention.", "Weights"),
        Word("score", "What a criterion gives each channel or weight; the lowest go first.", "Weights"),
        Word("bits of each weight", "In how many bits the weights of a layer are stored.", "Sensitivity: bits"),
        Word("share of zeros", "Share of a layer's outputs that are zero once activated.", "Weights: activations"),
        # What a cut costs and saves
        Word("accuracy", "Share of the validation samples that the network gets right.", "every page"),
        Word("points", "Percentage points: 95 % to 93 % are 2 points.", "every page"),
        Word(
            "KL divergence", "Distance of the answers from the dense network's; 0 where they are equal.", "Sensitivity"
        ),
        Word("parameters", "Numbers that the network has learned, counted exactly.", "every page"),
        Word("MACs", "Multiply-accumulates for one input, counted exactly; FLOPs are twice as many.", "every page"),
        Word("bytes", "What parameters and buffers take as they are stored.", "every page"),
        Word("latency", "Time for one input, measured beside the dense network in turns.", "Tune, Compare"),
        # How it is recovered
        Word(
            "epochs",
            "How often training sees every train sample, in each round of iterative pruning.",
            "Recover: settings, curve; Compare: a run",
            ("passes over", " passes,"),
        ),
        Word(
            "batch size",
            "How many train samples the optimizer sees in a step.",
            "Recover: settings; Compare: a run",
            ("samples in one step",),
        ),
        Word("optimizer", "AdamW, or SGD with a Nesterov momentum of 0.9.", "Recover: settings; Compare: a run"),
        Word(
            "peak learning rate",
            "One-cycle schedule: rises to it and falls again, once. Strong cuts that are trained for long stand "
            "several times the value that is offered.",
            "Recover: settings; Compare: a run",
            ("highest learning rate",),
        ),
        Word(
            "distillation",
            "Share of the loss that is the distance from the dense network's answers and from what its layers read; "
            "the rest comes from labels. A mild cut stands 90 %, a strong one has less to follow. Takes about a third "
            "longer.",
            "Recover: settings; Compare: a run",
            ("follow the dense network",),
        ),
        Word(
            "iterative pruning",
            "Cuts a little, fine-tunes, and again, until all is cut; each round trains all epochs.",
            "Recover: settings; Compare: a run",
        ),
        Word(
            "reconstruct first",
            "Fits what reads cut channels by least squares before the training: a much better start after a strong "
            "cut, for some seconds.",
            "Recover: settings; Compare: a run",
        ),
        Word("training loss", "What the training lowers, on the samples of one step.", "Recover: curve"),
        # What is kept and exported
        Word("run", "A state of the desk with what was measured of it, kept in the history.", "Recover, Compare, Open"),
        Word("checkpoint", "Tensors, the recipe and the kept channels in safetensors; data, no code.", "Export, Open"),
        Word("PyTorch state dict", "Names and tensors of the smaller network, as torch.save writes them.", "Export"),
        Word("proof", "A fresh process loads each file and finds what was measured.", "Export"),
    )
}
"""Every word by its name."""


def meaning(name: str) -> str:
    """Return what a word means, as the help text of its control."""
    return WORDS[name].meaning


def axis(name: str, rest: str = "") -> str:
    """Return the title of a chart's axis: a word of the table, then its unit or what else there is to say.

    Example:
        >>> axis("sparsity", ", %")
        'sparsity, %'
    """
    return WORDS[name].name + rest


def page() -> Iterator[str]:
    """Write ``docs/words.md`` line by line."""
    yield "# The words of the screen"
    yield ""
    yield "One name for each idea, on every page; the help texts and the axes of charts come from this table, which is"
    yield "`prunekit/words.py`. Not used are other words for the same."
    yield ""
    yield "| word | what it means | where it stands | not used |"
    yield "|---|---|---|---|"
    for word in WORDS.values():
        others = ", ".join(f"“{other.strip(' ,')}”" for other in word.instead_of)
        yield f"| {word.name} | {word.meaning} | {word.where} | {others} |"
