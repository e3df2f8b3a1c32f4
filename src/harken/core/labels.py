"""Names of activities, as people write them."""

from __future__ import annotations


def activity_name(label: str) -> str:
    """WALKING_UPSTAIRS as people write it: Walking upstairs."""
    return label.replace("_", " ").capitalize()
