"""The model files that ship with Harken, by name.

`python -m benchmarks.pretrained` makes them; LICENCE.md beside them says what the datasets ask of
whoever uses them.
"""

from __future__ import annotations

from pathlib import Path

#: What each is for.
SHIPPED = {
    "pretrained": "phone at the waist, turned any way, with gyroscope",
    "pretrained-accelerometer": "phone at the waist, turned any way, accelerometer alone",
    "pretrained-stream": "the same for live samples, with gyroscope: looks back only",
}
DEFAULT = "pretrained"
#: For live samples.
STREAM = "pretrained-stream"
#: What stands in for the default where a recording has no gyroscope.
WITHOUT_GYROSCOPE = "pretrained-accelerometer"

_HERE = Path(__file__).parent


def find(model: str | Path) -> Path:
    """The file of a model that ships, by its name; anything else is a path and stays one.

    A file of one's own that is called like one of them is named with its folder: `./pretrained`.
    """
    return _HERE / f"{model}.onnx" if str(model) in SHIPPED else Path(model)
