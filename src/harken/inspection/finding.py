"""What an inspection reports: findings, and all of them with the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: note: worth knowing; repaired: Harken mends it; refused: no model may read it as it is.
Severity = Literal["note", "repaired", "refused"]

#: From worst to mildest, the order in which people want to read them.
SEVERITIES: tuple[Severity, ...] = ("refused", "repaired", "note")

#: Stretches that a message names before it says "and 7 more".
_MOST_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """One thing about a recording that is not as it should be.

    Attributes
    ----------
    kind : key of the problem, such as "gravity-removed"
    severity : see `Severity`
    sensor : "acc", "gyro", or "" where it concerns the recording as a whole
    what : what was found, with numbers
    action : what Harken does about it, or what the user must do
    where : stretches of it, (start, end) in seconds of the recording's clock; () where everywhere
    """

    kind: str
    severity: Severity
    sensor: Literal["acc", "gyro", ""]
    what: str
    action: str
    where: tuple[tuple[float, float], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"where": [list(stretch) for stretch in self.where]}


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a recording is, and what is wrong with it.

    Attributes
    ----------
    facts : plain values by name, units in the names
    findings : in the order of `SEVERITIES`
    """

    facts: Mapping[str, Any]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether a model may read it: no finding is a refusal."""
        return not any(finding.severity == "refused" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "usable": self.usable,
            "facts": dict(self.facts),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def in_words(where: tuple[tuple[float, float], ...]) -> str:
    """Stretches for a message: "at 3.00-5.10 s, 8.00-9.00 s and 4 more"."""
    named = [
        f"{start:.2f} s" if end - start < 0.01 else f"{start:.2f}-{end:.2f} s"
        for start, end in where[:_MOST_NAMED]
    ]
    more = len(where) - len(named)
    return "at " + ", ".join(named) + (f" and {more} more" if more else "")
