"""A written file and the proof that it is what was measured."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One proof step and how it went."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an exported file is what was measured, check by check."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed; an empty verdict proves nothing."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"ok", "checks": [{"name", "ok", "detail"}]}``."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True, slots=True, repr=False)
class ExportedFile:
    """A file that was written and the proof that it is what was measured.

    Attributes:
        path: where it is.
        bytes: its size.
        proof: what was checked of it.
        caption: one sentence on what it is; empty where only the proof reads it.
    """

    path: str
    bytes: int
    proof: Verdict = field(default_factory=lambda: Verdict(()))
    caption: str = ""

    def __repr__(self) -> str:
        passed = sum(check.ok for check in self.proof.checks)
        return f"{self.path}: {self.bytes:,} bytes, {passed} of {len(self.proof.checks)} checks passed"
