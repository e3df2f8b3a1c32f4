"""What the service's OpenAPI says of requests and answers.

Answers are built by hand, since checking thousands of numbers a second one by one would take longer
than the network; these models describe them, and a test holds the answers to them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """No fields but those that are named."""

    model_config = ConfigDict(extra="forbid")


class WindowPrediction(Strict):
    """What the model says of one window by itself."""

    activity: str = Field(description="The likeliest label.")
    confidence: float = Field(description="Its probability.", ge=0, le=1)
    unsure: bool = Field(description="Whether the model is not sure of this window.")
    probability: list[float] = Field(description="Of each label, in the order of `labels`.")


class WindowsAnswer(Strict):
    """The answer to windows."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "pretrained",
                "labels": [
                    "WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING",
                    "LAYING",
                ],
                "predictions": [
                    {
                        "activity": "WALKING",
                        "confidence": 0.97,
                        "unsure": False,
                        "probability": [0.97, 0.01, 0.02, 0.0, 0.0, 0.0],
                    }
                ],
            }
        }
    )  # fmt: skip

    model: str
    labels: list[str]
    predictions: list[WindowPrediction] = Field(description="In the order of the windows.")


class BoutAnswer(Strict):
    """A stretch of one activity."""

    recording: str
    start_s: float
    end_s: float
    start_utc: str | None
    end_utc: str | None
    activity: str = Field(description="A label, (not sure) or (warm-up).")
    confidence: float | None
    n_windows: int
    best_guess: str | None
    unsure: float


class SummaryAnswer(Strict):
    """What the bouts come to."""

    minutes: dict[str, float]
    n_transitions: int
    steps_per_minute: float | None


class RecordingAnswer(Strict):
    """The answer to a recording: what `harken predict --json` says of a file."""

    source: str
    placement: str | None
    mounting: dict[str, Any] | None
    violations: list[str]
    notes: list[str]
    n_windows: int
    n_unsure: int
    smoothing: str
    summary: SummaryAnswer
    bouts: list[BoutAnswer]


class ModelSummary(Strict):
    """A model, as one needs to know it to send windows."""

    name: str
    description: str | None
    network: str
    dataset: str
    labels: list[str]
    channels: list[str]
    units: dict[str, str]
    rate_hz: float
    n_steps: int
    placement: str


class ModelsAnswer(Strict):
    """The models that the service offers."""

    default: str
    stream_default: str = Field(description="The model of streams that name none.")
    models: list[ModelSummary]


class Health(Strict):
    """That the service is there."""

    status: str
    version: str


class ErrorDetail(Strict):
    """What went wrong."""

    code: str
    message: str = Field(description="For the person who reads it.")
    request_id: str
    n_samples: int | None = Field(
        None, description="Of a stream's samples: how many were taken since its start."
    )


class ErrorAnswer(Strict):
    """The body of every answer from 400 on."""

    error: ErrorDetail


_JSON_WINDOWS: dict[str, Any] = {
    "type": "object",
    "required": ["x"],
    "additionalProperties": False,
    "properties": {
        "x": {
            "type": "array",
            "description": "Windows of steps of channels; acceleration in g, angular velocity in "
            "rad/s, filtered as the model's card says.",
            "items": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "number"}},
            },
        },
        "model": {"type": "string", "description": "The default where it is left out."},
        "channels": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Those of the model, in its order, where left out.",
        },
        "rate_hz": {"type": "number"},
    },
}
_UPLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "A recording.",
        },
        "model": {"type": "string"},
        "columns": {"type": "string", "examples": ["time=t,acc_x=AX,acc_y=AY,acc_z=AZ"]},
        "placement": {"type": "string", "examples": ["waist"]},
        "mounting": {"type": "string", "examples": ["estimate", "standing", "as-worn"]},
        "smoothing": {"type": "string", "enum": ["viterbi", "causal", "none"]},
        "force": {"type": "string", "enum": ["true", "false"]},
    },
}
#: The three bodies of POST /v1/predict.
PREDICT_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _JSON_WINDOWS,
            "example": {"x": [[[0.01, 0.0, -0.02, 0.0, 0.01, 0.0, 1.01, 0.05, -0.1]] * 128]},
        },
        "application/octet-stream": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "float32, lowest byte first, in C order of `shape`.",
            }
        },
        "multipart/form-data": {"schema": _UPLOAD},
    },
}
_BINARY_ONLY = "With float32 numbers only. "
PREDICT_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": _BINARY_ONLY + text,
        "schema": {"type": "string"},
        "example": example,
    }
    for name, text, example in (
        ("shape", "Numbers of windows, steps and channels.", "32,128,9"),
        ("model", "The default where it is left out.", "pretrained"),
        ("channels", "Names, with commas.", "total_acc_x,total_acc_y,total_acc_z"),
        ("rate_hz", "The model's where it is left out.", "50"),
    )
]
#: Errors that every path but the public ones may answer with.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": text}
    for status, text in (
        (400, "The request cannot be understood."),
        (401, "No key, or none that the service knows."),
        (403, "A page or a name that may not use the service."),
        (408, "The body did not come in time."),
        (413, "Too large."),
        (415, "Another type of body than those that are known."),
        (422, "Understood, but not what is needed; the message is the library's."),
        (429, "Too many requests with this key; Retry-After says when to come back."),
        (503, "Too much to do at the moment; Retry-After says when to come back."),
    )
}
