"""One set of colours for every chart.

The single colours are after Okabe and Ito, Color Universal Design, 2008: every common form of
colour vision tells them apart, and each stands out 3:1 from a white and from a dark page. Blue is
what stays, orange what goes or does harm, green how much there is; ``GROUPS`` only tell neighbours
apart, and ``SIGNED`` only what lies on either side of nothing.

``HARM`` and ``AREA`` get darker from end to end, for every form of colour vision, so they survive
grey printing; their far ends stand out 3:1 from either page, their near ends are pale.
"""

KEPT = "#0072b2"
REMOVED = "#d55e00"
NEUTRAL = "#8a94a6"
GROUPS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07a00", "#3a93c8")

HARM = [[0.0, "#f6e0bd"], [0.33, "#efb26b"], [0.67, "#d8772c"], [1.0, "#b04100"]]
"""From safe to harmful."""

AREA = [[0.0, "#d8efe5"], [0.5, "#6fb99b"], [1.0, "#00795a"]]
"""From little to much."""

FREQUENCY = [[0.0, "rgba(0,114,178,0.12)"], [1.0, "rgba(0,114,178,1)"]]
"""From rare to frequent: the page shines through what is rare, so that it is faint on either."""

HATCH = {"shape": "/", "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.55)", "size": 6}
"""The pattern on what goes, so that it is told apart without colours."""

SIGNED = [[0.0, "#d55e00"], [0.5, "#f5f5f5"], [1.0, "#0072b2"]]
"""From negative over nothing to positive; its ends are told apart by every common form of colour vision."""
