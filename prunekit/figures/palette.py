"""One set of colours for every chart.

The single colours are after Okabe and Ito, Color Universal Design, 2008: every common form of
colour vision tells them apart, and each stands out 3:1 from a white and from a dark page. Blue is
what stays, orange what goes or does harm, green how much there is; ``GROUPS`` only tell neighbours
apart, and ``SIGNED`` only what lies on either side of nothing.

``HARM``, ``AREA`` and ``FREQUENCY`` get darker from end to end, for every form of colour vision, so they survive
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

FREQUENCY = [[0.0, "#e4f0fa"], [0.33, "#a5cdea"], [0.67, "#4f9bd0"], [1.0, "#0069a6"]]
"""From rare to frequent."""

DENSITY = "Cividis"
"""From few to many."""

SIGNED = [[0.0, "#d55e00"], [0.5, "#f5f5f5"], [1.0, "#0072b2"]]
"""From negative over nothing to positive; its ends are told apart by every common form of colour vision."""
