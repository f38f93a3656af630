"""One set of colours for every chart: told apart by every common form of colour vision, on white and on black.

After Okabe and Ito, Color Universal Design, 2008. Blue is what stays, orange what goes; the two
scales rise in lightness alone, so they survive grey printing.
"""

KEPT = "#0072b2"
REMOVED = "#d55e00"
NEUTRAL = "#8a94a6"
GROUPS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07a00", "#3a93c8")

HARM = [[0.0, "#cfe0f3"], [0.35, "#f2c48d"], [0.7, "#dd7a2b"], [1.0, "#8c2d04"]]
"""From safe to harmful."""

AREA = [[0.0, "#dbe7f3"], [1.0, "#0072b2"]]
"""From little to much."""

DENSITY = "Cividis"
"""From few to many."""

SIGNED = [[0.0, "#d55e00"], [0.5, "#f5f5f5"], [1.0, "#0072b2"]]
"""From negative over nothing to positive; its ends are told apart by every common form of colour vision."""
