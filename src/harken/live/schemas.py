"""What OpenAPI says of what the page asks first."""

from __future__ import annotations

from pydantic import Field

from harken.serve.schemas import Strict


class LiveModel(Strict):
    """A model that the page offers."""

    name: str
    description: str | None
    labels: list[str]
    placements: list[str] = Field(description="Where a device may be worn for it.")
    reads_gyroscope: bool
    stream: bool = Field(description="Whether it can recognise live samples.")


class Kept(Strict):
    """Recordings are kept."""

    kept_days: int


class Playing(Strict):
    """What is played."""

    session: str
    name: str
    duration_s: float


class LiveAnswer(Strict):
    """What the page offers."""

    version: str
    models: list[LiveModel]
    default: str
    address: str | None = Field(description="Where a phone opens the page, with the token.")
    recordings: Kept | None
    replay: Playing | None
