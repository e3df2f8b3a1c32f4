"""What the service's OpenAPI says of streams and of the recordings that are made of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from harken.serve.schemas import ErrorAnswer, Strict


class TransitionAnswer(Strict):
    """A change of activity."""

    from_activity: str
    to_activity: str
    time_s: float


class StreamPredictionAnswer(Strict):
    """What is said of one hop."""

    time_s: float = Field(description="The end of its newest sample, on the device's clock.")
    probability: list[float] = Field(description="Of each label, by the network alone.")
    activity: str = Field(description="The likeliest label by that.")
    smoothed_activity: str = Field(description="In the light of the hops around it.")
    unsure: bool
    warm_up: bool = Field(description="Whether filters had not settled.")
    transition: TransitionAnswer | None


class StreamAnswer(Strict):
    """The answer to samples, and to the end of a stream."""

    type: str = Field(examples=["predictions", "finished"])
    n_samples: int = Field(description="Taken since the start.")
    delay_s: float | None = Field(description="How long an answer takes; null during the start.")
    notes: list[str]
    mounting: list[list[float]] | None = Field(
        description="The rotation from the device's axes to the model's, once it is known."
    )
    predictions: list[StreamPredictionAnswer]


class LabelState(Strict):
    """What is recorded, of whom, and what is being done; null where nothing is."""

    recording: str | None
    subject: str | None
    activity: str | None


class LabelAnswer(LabelState):
    """The answer to "record" and "label"."""

    type: str = Field(examples=["label"])


class StreamState(StreamAnswer):
    """How a stream stands."""

    session: str = Field(description="The stream's name.")
    model: str
    labels: list[str]
    columns: list[str] = Field(description="The numbers of a sample, in order.")
    hop_s: float = Field(description="Seconds from one prediction to the next.")
    n_predictions: int
    is_away: bool = Field(description="Whether the device's connection is lost.")
    label: LabelState


class StreamSummary(Strict):
    """A stream, in short."""

    session: str
    model: str
    started_utc: str
    n_samples: int
    is_away: bool
    activity: str | None
    unsure: bool | None


class Streams(Strict):
    """The streams that are open."""

    streams: list[StreamSummary]


class RecordingAbout(Strict):
    """A recording that is kept."""

    name: str
    subject: str
    started_utc: str
    expires_utc: str = Field(description="When it will be deleted.")
    bytes: int
    duration_s: float
    seconds: dict[str, float] = Field(description="Of each activity that was labelled.")


class RecordingList(Strict):
    """The recordings that are kept."""

    recordings: list[RecordingAbout]


START_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": {"type": "string", "enum": ["start"]},
                    "model": {"type": "string"},
                    "keep": {"type": "boolean", "description": "Always so by this way."},
                    "placement": {"type": "string", "examples": ["waist"]},
                    "mounting": {
                        "description": "'standing', 'as-worn' or the 3 rows of a rotation.",
                        "anyOf": [
                            {"type": "string", "enum": ["standing", "as-worn"]},
                            {
                                "type": "array",
                                "minItems": 3,
                                "maxItems": 3,
                                "items": {"type": "array", "items": {"type": "number"}},
                            },
                        ],
                    },
                    "rate_hz": {"type": "number"},
                    "hop_s": {"type": "number"},
                    "smoothing": {"type": "string", "enum": ["causal", "none"]},
                },
            },
            "example": {"model": "pretrained-stream", "mounting": "standing"},
        }
    },
}
SAMPLES_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "float64, lowest byte first: a row of `columns` for each sample.",
            }
        }
    },
}
MESSAGE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {"type": "string", "enum": ["record", "label", "finish"]},
                    "consent": {"type": "boolean", "description": "Of 'record'; false ends it."},
                    "subject": {"type": "string", "description": "Of 'record': whose it is."},
                    "activity": {
                        "type": ["string", "null"],
                        "description": "Of 'label': one of the model's labels.",
                    },
                },
            },
            "examples": {
                "record": {"value": {"type": "record", "consent": True, "subject": "anna"}},
                "label": {"value": {"type": "label", "activity": "WALKING"}},
                "finish": {"value": {"type": "finish"}},
            },
        }
    },
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorAnswer, "description": "No such stream."}
}
GAP = _UNKNOWN | {
    409: {"model": ErrorAnswer, "description": "Samples are missing; `n_samples` were taken."}
}
UNFIT = _UNKNOWN | {
    409: {"model": ErrorAnswer, "description": "Nothing is recorded, or nothing can be."},
    507: {"model": ErrorAnswer, "description": "There is no room for a recording."},
}
