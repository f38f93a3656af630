"""One set of colours for every chart.

The single colours are after Okabe and Ito, Color Universal Design, 2008: every common form of
colour vision tells them apart, and each has a contrast of 3:1 with a white and with a dark page.
Blue marks what stays, orange what is removed or does harm, green how large an amount is. The
colours of ``GROUPS`` only tell neighbours apart, and those of ``SIGNED`` only negative from positive.

``HARM`` and ``AREA`` get steadily darker for every form of colour vision, so they can be read when
printed in grey; their dark ends have a contrast of 3:1 with either page, their light ends are pale.
"""

KEPT = "#0072b2"
REMOVED = "#d55e00"
NEUTRAL = "#8a94a6"
GROUPS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07a00", "#3a93c8")

HARM = [[0.0, "#f6e0bd"], [0.33, "#efb26b"], [0.67, "#d8772c"], [1.0, "#b04100"]]
"""The colour scale from safe to harmful."""

AREA = [[0.0, "#d8efe5"], [0.5, "#6fb99b"], [1.0, "#00795a"]]
"""The colour scale from a small to a large amount."""

FREQUENCY = [[0.0, "rgba(0,114,178,0.12)"], [1.0, "rgba(0,114,178,1)"]]
"""The colour scale from rare to frequent; what is rare is transparent, so that it is faint on either page."""

HATCH = {"shape": "/", "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.55)", "size": 6}
"""The pattern on what is removed, so that it can be recognised without colours."""

SIGNED = [[0.0, "#d55e00"], [0.5, "#f5f5f5"], [1.0, "#0072b2"]]
"""The colour scale from negative through zero to positive; every common form of colour vision tells its ends apart."""
