"""N:M sparsity: a share of every few neighbouring weights."""


class Pattern(float):
    """N:M sparsity: of every ``m`` neighbouring weights along a layer's inputs at least ``n`` are zero.

    As a number it is the sparsity that this gives.

    Example:
        >>> Pattern("2:4"), Pattern("2:4") + 0, Pattern("1:4") == 0.25
        (2:4, 0.5, False)
    """

    __slots__ = ("m", "n")
    n: int
    m: int

    def __new__(cls, text: str) -> "Pattern":
        """Read ``n:m``; anything else raises ``ValueError``."""
        n, _, m = text.partition(":")
        if not (n.isdecimal() and m.isdecimal() and 0 < int(n) < int(m)):
            raise ValueError(text)
        found = super().__new__(cls, int(n) / int(m))
        found.n, found.m = int(n), int(m)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.n, self.m) == (other.n, other.m)

    def __ne__(self, other: object) -> bool:
        return not self == other  # a float would compare as a number

    def __hash__(self) -> int:
        return hash((self.n, self.m))

    def __repr__(self) -> str:
        return f"{self.n}:{self.m}"

    def __str__(self) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[type["Pattern"], tuple[str]]:
        return Pattern, (repr(self),)
