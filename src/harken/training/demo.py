"""The whole story in about a minute: data, training, report, prediction."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harken import datasets
from harken.core.errors import storing
from harken.core.files import write_text
from harken.core.recording import Recording
from harken.inference.bout_file import write_bouts
from harken.inference.prediction import Prediction, predict
from harken.reporting.plots import save
from harken.reporting.timeline import timeline
from harken.signal import window_file
from harken.signal.windows import Windows
from harken.training import api
from harken.training.loop import Watcher
from harken.training.run import Run, new_folder


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo made.

    Attributes
    ----------
    run : the finished training
    prediction : of one test subject's data, which the training had not seen
    input_file, bouts_file, timeline_file : where these lie
    """

    run: Run
    prediction: Prediction
    input_file: Path
    bouts_file: Path
    timeline_file: Path


def run_demo(
    folder: Path,
    *,
    download: bool,
    data: str | None,
    tell: Callable[[str], None],
    watcher: Watcher,
) -> Demo:
    """Train the preset `stacked-lstm` and use its model file on a test subject.

    Parameters
    ----------
    folder : where everything goes; a new run is made in it each time
    download : fetch UCI HAR if it is not at hand
    data : folder of archives
    tell : called with what happens next
    watcher : shows the training's progress
    """
    wanted = download or data is not None or datasets.at_hand("uci-har")
    name = "uci-har" if wanted else "simulated"
    windows = datasets.load(name, data=data, progress=True)
    tell(f"1. Data: {name}, {datasets.get(name).description}.")
    learn, judge = windows.of_split("train"), windows.of_split("test")
    tell(
        f"   {len(learn):,} windows of {len(learn.subjects)} people to learn from, "
        f"{len(judge):,} of {len(judge.subjects)} others to judge on."
    )
    tell("2. Training the notebook's network, two stacked LSTMs, as one would today.")
    run = api.train(
        windows,
        preset="stacked-lstm",
        out=new_folder(folder, name, "stacked-lstm", 0),
        data=data,
        watcher=watcher,
    )
    tell("3. Using the model file on one of the people it has never seen.")
    input_file = _write_input(run.path, name, windows, data)
    prediction = predict(input_file, run.model_file)
    bouts_file, timeline_file = run.path / "bouts.csv", run.path / "timeline.png"
    write_bouts([prediction.as_dict()], bouts_file)
    save(timeline(prediction), timeline_file)
    return Demo(run, prediction, input_file, bouts_file, timeline_file)


def _write_input(folder: Path, name: str, windows: Windows, data: str | None) -> Path:
    """A recording of a test subject where there are recordings, else that subject's windows."""
    subject = windows.of_split("test").subjects[0]
    source = "simulated" if name == "simulated" else "hapt"
    if datasets.recordings_at_hand(source, data=data):
        recordings = datasets.load_recordings(source, data=data)
        path = folder / "recording.csv"
        write_recording(next(r for r in recordings if r.subject == subject), path)
        return path
    path = folder / "windows.npz"
    window_file.save(windows.of_subjects([subject]), path)
    return path


def write_recording(recording: Recording, path: Path) -> None:
    """Write a recording whose sensors share a clock as a table that `harken predict` reads."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["time_s", *recording.channels])
    sensors = [recording.acc] + ([recording.gyro] if recording.gyro else [])
    rows = np.column_stack([recording.acc.time_s, *(sensor.values for sensor in sensors)])
    writer.writerows([f"{value:.6g}" for value in row] for row in rows)
    with storing(path):
        write_text(path, sheet.getvalue())
