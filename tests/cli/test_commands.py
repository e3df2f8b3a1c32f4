"""Commands do what they say, for people and for programs."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harken.core.recording import ACC_CHANNELS, GYRO_CHANNELS, Recording
from harken.datasets import simulated
from harken.signal import window_file
from harken.signal.windows import ACTIVITIES
from harken.training.demo import write_recording

Say = Callable[..., object]

EXAMPLE = Path(__file__).parents[2] / "examples" / "walk.csv"
COMMANDS = [
    ("demo",),
    ("train",),
    ("crossval",),
    ("search",),
    ("evaluate",),
    ("inspect",),
    ("predict",),
    ("personalise",),
    ("score",),
    ("serve",),
    ("live",),
    ("models",),
    ("data", "list"),
    ("data", "fetch"),
    ("data", "import"),
    ("data", "path"),
    ("data", "info"),
    ("data", "rebuild"),
]


WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person whom no training has seen, as a table."""
    path = tmp_path_factory.mktemp("mine") / "walk.csv"
    write_recording(simulated.simulate("2"), path)
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(say: Say, command: tuple[str, ...]) -> None:
    said = say(*command, "--help")
    assert said.status == 0
    assert f"harken {' '.join(command)}" in said.out.split("Example:")[1]


def test_the_list_of_commands_is_complete(say: Say) -> None:
    from harken.cli import app

    names = {(c.name,) for c in app.registered_commands}
    for group in app.registered_groups:
        names |= {(group.name, c.name) for c in group.typer_instance.registered_commands}
    assert names == set(COMMANDS)


def test_version(say: Say) -> None:
    import harken

    assert say("--version").out == f"harken {harken.__version__}\n"


def test_data_list_and_path(say: Say) -> None:
    rows = json.loads(say("data", "list", "--json").out)
    assert {"name": "simulated", "at_hand": True}.items() <= rows[-1].items()
    assert "uci-har" in say("data", "list").out
    assert Path(say("data", "path").out.strip()).name


def test_data_info_prints_the_notebooks_sanity_line(say: Say, data_folder: Path) -> None:
    out = say("data", "info", "uci-har", "--data", data_folder).out
    assert "test: x (2947, 128, 9), y (2947,), mean 0.0991399, standard deviation 0.395671" in out
    facts = json.loads(say("data", "info", "uci-har", "--data", data_folder, "--json").out)
    assert [split["n_windows"] for split in facts["splits"]] == [7352, 2947]


def test_data_fetch_from_a_folder_keeps_a_cache(
    say: Say, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path))
    said = say("data", "fetch", "uci-har", "--data", data_folder)
    assert said.status == 0
    assert "10,299 windows, verified" in said.out
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]


def test_data_rebuild(say: Say, data_folder: Path) -> None:
    result = json.loads(say("data", "rebuild", "hapt", "--data", data_folder, "--json").out)
    assert result["n_windows"] == 10_299
    assert len(result["max_abs_error"]) == 9
    assert max(result["max_abs_error"].values()) <= 1e-6


def test_models(say: Say) -> None:
    out = say("models").out
    assert "notebook" in out
    assert "stacked-lstm" in out
    assert {p["name"] for p in json.loads(say("models", "--json").out)["presets"]} >= {"notebook"}


def test_models_shows_the_card_of_a_file(say: Say, trained: Path) -> None:
    model = trained / "model.onnx"
    out = say("models", model).out
    figures = json.loads((trained / "metrics.json").read_text())
    for words in (
        "simulated people", f"accuracy: {figures['accuracy']:.2%}", "128 steps (2.56 s)", "50 Hz",
        "Walking upstairs", "acc in g", "placement: waist", "in the mean", "harken 0.",
    ):  # fmt: skip
        assert words in out
    card = json.loads(say("models", model, "--json").out)
    assert card["source"] == str(model)
    assert card["contract"]["n_steps"] == 128
    assert card["figures"]["accuracy"] == figures["accuracy"]
    assert len(card["smoothing"]["stay"]) == 6


def test_train_tells_what_the_notebook_told(say: Say, tmp_path: Path) -> None:
    said = say(
        "train", "simulated", "--preset", "notebook", "--epochs", 12, "--out", tmp_path / "r"
    )
    assert said.status == 0
    for words in ("step     1   batch loss", "step    20   batch loss", "test loss", "accuracy"):
        assert words in said.err
    for words in ("Precision", "recall", "F1", "(simulated data)", "% of the test set", "worst"):
        assert words.lower() in said.out.lower()
    metrics = json.loads((tmp_path / "r" / "metrics.json").read_text())
    assert metrics["preset"] == "notebook"
    assert len((tmp_path / "r" / "history.jsonl").read_text().splitlines()) == 3  # 1, 20 and last


@pytest.mark.parametrize(
    ("people", "protocol"), [("12", "subject-holdout"), ("1", "within-subject")]
)
def test_train_on_a_folder_with_a_pattern_for_subjects(
    say: Say, people: str, protocol: str, tmp_path: Path
) -> None:
    folder, run, again = (tmp_path / name for name in ("mine", "run", "again"))
    folder.mkdir()
    for person in people:
        for day in ("monday", "friday"):
            write_labelled(simulated.simulate(person, minutes=4), folder / f"p{person}_{day}.csv")
    said = say(
        "train", folder, "--subject-pattern", r"^p\d+", "--epochs", 1, "--out", run, "--json"
    )
    assert said.status == 0
    metrics = json.loads(said.out)
    assert metrics["protocol"] == protocol
    (judged,) = metrics["per_subject"]
    assert judged["subject"] in {"p1", "p2"}
    again.mkdir()
    shutil.copy(run / "config.toml", again)  # as if it had been killed at its very beginning
    said = say("train", "--resume", again, "--json")
    assert json.loads(said.out)["per_subject"] == metrics["per_subject"]


def write_labelled(recording: Recording, path: Path) -> None:
    """A table with a column `label`; the moments between two activities have none."""
    assert recording.gyro is not None
    names = ("time_s", *ACC_CHANNELS, *GYRO_CHANNELS, "label")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for time_s, acc, gyro in zip(
            recording.acc.time_s, recording.acc.values, recording.gyro.values, strict=True
        ):
            label = next((s.label for s in recording.spans if s.start_s <= time_s < s.end_s), "")
            writer.writerow([f"{time_s:.3f}", *map("{:.5f}".format, (*acc, *gyro)), label])


def test_train_speaks_json(say: Say, tmp_path: Path) -> None:
    said = say("train", "simulated", "--epochs", 0.2, "--out", tmp_path / "r", "--json")
    metrics = json.loads(said.out)
    assert metrics["dataset"] == "simulated"
    assert set(metrics) >= {
        "accuracy", "balanced_accuracy", "macro_f1", "weighted_precision", "weighted_recall",
        "weighted_f1", "confusion_matrix", "labels", "per_subject", "accuracy_ci95", "ece",
        "n_windows", "n_parameters", "train_seconds", "epochs", "preset", "model", "seed",
        "dataset", "protocol",
    }  # fmt: skip


def test_evaluate_gives_the_figures_of_the_run_and_is_recorded(say: Say, trained: Path) -> None:
    model = trained / "model.onnx"
    before = len((trained / "record.jsonl").read_text().splitlines())
    metrics = json.loads(say("evaluate", model, "simulated", "--json").out)
    of_run = json.loads((trained / "metrics.json").read_text())
    assert metrics["accuracy"] == of_run["accuracy"]
    assert metrics["n_parameters"] == of_run["n_parameters"]
    record = (trained / "record.jsonl").read_text().splitlines()
    assert len(record) == before + 1
    assert json.loads(record[-1])["why"] == "harken evaluate"


def test_predict_finds_what_the_person_did(
    say: Say, trained: Path, recording: Path, tmp_path: Path
) -> None:
    said = say(
        "predict", recording, "--model", trained / "model.onnx",
        "--out", tmp_path / "bouts.csv", "--plot", tmp_path / "timeline.png",
    )  # fmt: skip
    assert said.status == 0
    assert "(warm-up)" in said.out
    assert "acceleration taken as g" in said.err
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "bouts.csv").open() as file:
        bouts = list(csv.DictReader(file))
    truth = simulated.simulate("2").spans
    right = total = 0.0
    for span in truth:
        total += span.end_s - span.start_s
        for bout in bouts:
            if bout["activity"] == span.label:
                overlap = min(span.end_s, float(bout["end_s"])) - max(
                    span.start_s, float(bout["start_s"])
                )
                right += max(0.0, overlap)
    assert right / total > 0.6


def test_predict_in_json_and_on_many_files(
    say: Say, trained: Path, recording: Path, tmp_path: Path
) -> None:
    """Files that cannot be used are told, and the others are done."""
    np.savez(tmp_path / "windows.npz", x=np.zeros((3, 128, 9), np.float32))
    (tmp_path / "bad.csv").write_text("time_s,foo\n0,1\n0.02,1\n")
    files = [tmp_path / "bad.csv", recording, tmp_path / "none.csv", tmp_path / "windows.npz"]
    model = trained / "model.onnx"
    said = say("predict", *files, "--model", model, "--json", "--out", tmp_path / "bouts.json")
    assert said.status == 2
    bad, walk, none, windows = json.loads(said.out)
    assert [p["source"] for p in (bad, walk, none, windows)] == [str(file) for file in files]
    assert set(bad) == set(none) == {"source", "error"}
    for failed in (bad, none):
        assert failed["error"] in said.err
        assert failed["source"] in said.err
    assert windows["n_windows"] == 3
    assert json.loads((tmp_path / "bouts.json").read_text()) == json.loads(said.out)
    said = say("predict", recording, tmp_path / "windows.npz", "--model", model)
    assert said.status == 0
    assert said.out.count("In all") == 2


def test_predict_says_when_it_is_not_sure(say: Say, tmp_path: Path) -> None:
    """A device on a desk, with the model that ships."""
    rng = np.random.default_rng(0)
    samples = rng.normal([0, 0, 1, 0, 0, 0], 0.001, (1500, 6))
    rows = np.column_stack([np.arange(1500) / 50, samples])
    names = "time_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
    np.savetxt(tmp_path / "desk.csv", rows, "%.5f", ",", header=names, comments="")
    said = say("predict", tmp_path / "desk.csv", "--out", tmp_path / "bouts.csv")
    assert said.status == 0
    assert "(not sure:" in said.out
    assert "this does not look like what it learnt from" in said.err
    with (tmp_path / "bouts.csv").open() as file:
        warm_up, bout = csv.DictReader(file)
    assert (warm_up["activity"], warm_up["best_guess"]) == ("(warm-up)", "")
    assert (bout["activity"], bout["confidence"], bout["unsure"]) == ("(not sure)", "", "1.0")
    assert bout["best_guess"] in ACTIVITIES
    shown = say("models", "pretrained")
    assert "When it is not sure of a window" in shown.out


def test_predict_sums_up(say: Say, trained: Path, recording: Path) -> None:
    (walk,) = json.loads(say("predict", recording, "--model", trained / "model.onnx", "--json").out)
    summary = walk["summary"]
    length_s = walk["bouts"][-1]["end_s"] - walk["bouts"][0]["start_s"]
    assert sum(summary["minutes"].values()) == pytest.approx(length_s / 60)
    assert 80 < summary["steps_per_minute"] < 130
    assert walk["smoothing"] == "viterbi"
    said = say("predict", recording, "--model", trained / "model.onnx")
    assert f"{summary['steps_per_minute']:.0f}" in said.out.split("steps a minute")[1]


def test_predict_smooths_unless_asked_not_to(say: Say) -> None:
    # A model file that ships, for what a processor trains differs from the next one's.
    changes = {}
    for smoothing in ("none", "causal", "viterbi"):
        said = say("predict", WALK, "--smooth", smoothing, "--json")
        (walk,) = json.loads(said.out)
        assert walk["smoothing"] == smoothing
        changes[smoothing] = walk["summary"]["n_transitions"]
    assert changes["none"] > changes["causal"] >= changes["viterbi"] >= 5


def test_bouts_in_parquet_are_those_in_csv(
    say: Say, trained: Path, recording: Path, tmp_path: Path
) -> None:
    import pyarrow.parquet

    lines = recording.read_text().splitlines()
    dated = tmp_path / "dated.csv"
    rows = [line.split(",", 1) for line in lines[1:]]
    stamps = [f"{1_780_000_000 + float(time_s):.3f},{rest}" for time_s, rest in rows]
    dated.write_text("\n".join([lines[0], *stamps]))
    for ending in ("csv", "parquet"):
        out = tmp_path / f"bouts.{ending}"
        say("predict", dated, recording, "--model", trained / "model.onnx", "--out", out)
    with (tmp_path / "bouts.csv").open() as file:
        text = list(csv.DictReader(file))
    typed = pyarrow.parquet.read_table(tmp_path / "bouts.parquet").to_pylist()
    assert len(text) == len(typed)
    for one, other in zip(text, typed, strict=True):
        assert one["activity"] == other["activity"]
        assert float(one["end_s"]) == other["end_s"]
        assert one["start_utc"] == (
            other["start_utc"].isoformat(timespec="milliseconds") if other["start_utc"] else ""
        )
    assert text[0]["start_utc"].startswith("2026-05-2")
    assert typed[-1]["start_utc"] is None


def test_predict_needs_no_torch(trained: Path, recording: Path) -> None:
    arguments = ["predict", str(recording), "--model", str(trained / "model.onnx")]
    code = (
        f"from harken.cli import main\ntry: main({arguments!r})\nexcept SystemExit: pass\n"
        "import sys; sys.exit(str({'torch', 'onnx', 'sklearn'} & set(sys.modules) or 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "0"
    assert "Walking" in done.stdout


def test_a_model_without_gyroscope_takes_either_recording(
    say: Say, trained_without_gyroscope: Path, recording: Path, tmp_path: Path
) -> None:
    lines = recording.read_text().splitlines()
    few = tmp_path / "accelerometer.csv"
    few.write_text("\n".join(line.rsplit(",", 3)[0] for line in lines))
    model = trained_without_gyroscope / "model.onnx"
    both, alone = (
        json.loads(say("predict", file, "--model", model, "--json").out)[0]["bouts"]
        for file in (recording, few)
    )
    assert [b["activity"] for b in both] == [b["activity"] for b in alone]


@pytest.mark.long
def test_demo_tells_the_story_and_where_to_look(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HARKEN_DATA", raising=False)
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "empty"))
    said = say("demo", "--out", tmp_path / "demo")
    assert said.status == 0
    assert "1. Data: simulated" in said.out
    assert "(simulated data)" in said.out
    (run,) = (tmp_path / "demo").iterdir()
    for name in ("report.html", "timeline.png", "bouts.csv", "model.onnx", "recording.csv"):
        assert (run / name).stat().st_size > 0
        assert name in said.out
    assert "simulated data: these figures say nothing" in (run / "report.html").read_text()
    again = said.out.split("Try it again:")[1].split()[1:]
    monkeypatch.chdir(tmp_path)
    assert say(*again).status == 0
    assert (tmp_path / "timeline.png").exists()


def test_demo_without_raw_recordings_takes_windows(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows of both datasets are in the cache; the archives that they came from are gone."""
    monkeypatch.delenv("HARKEN_DATA", raising=False)
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    few = simulated.load()
    few = few.select(np.arange(0, len(few), 4))
    for name in ("uci-har", "hapt"):
        window_file.save(few, tmp_path / "cache" / f"{name}-windows-v2.npz")
    said = say("demo", "--out", tmp_path / "demo")
    assert said.status == 0, said.err
    (run,) = (tmp_path / "demo").iterdir()
    assert (run / "windows.npz").exists()


def test_personalise_writes_a_model_and_tells_before_and_after(say: Say, tmp_path: Path) -> None:
    out = tmp_path / "me.onnx"
    said = say("personalise", "pretrained", EXAMPLE, "--out", out)
    assert said.status == 0
    for words in ("Walking upstairs", "before", "after", "within-subject", f"Written: {out}"):
        assert words in said.out
    card = say("models", out).out
    assert "Fitted to one person" in card
    assert "the person's held-out time, within-subject protocol" in card
    assert say("predict", EXAMPLE, "--model", out).status == 0

    again = say("personalise", "pretrained", EXAMPLE, "--out", out)
    assert again.status == 2
    assert "there already" in again.err
    told = json.loads(
        say("personalise", "pretrained", EXAMPLE, "--out", out, "--overwrite", "--json").out
    )
    assert told["better"]
    assert told["after"]["log_loss"] < told["before"]["log_loss"]
    assert told["out"] == str(out)


def test_personalise_says_where_it_does_no_better(say: Say, tmp_path: Path) -> None:
    """Whom the model recognises well already, it need not be fitted to."""
    known, out = tmp_path / "known.csv", tmp_path / "me.onnx"
    write_labelled(simulated.simulate("8", seed=1), known)
    said = say("personalise", "pretrained", known, "--out", out)
    assert said.status == 1
    assert "does no better" in said.out
    assert not out.exists()
    forced = say("personalise", "pretrained", known, "--out", out, "--force")
    assert forced.status == 0
    assert "forced: it did no better" in say("models", out).out


def test_personalise_proposes_what_to_label(say: Say, tmp_path: Path) -> None:
    recording, labels = tmp_path / "me.csv", tmp_path / "labels.csv"
    write_recording(simulated.simulate("8", seed=1), recording)
    ask = ("personalise", "pretrained", recording, "--propose", 5)
    said = say(*ask, "--out", labels)
    assert said.status == 0
    assert f"--labels {labels}" in said.out
    shown = json.loads(say(*ask, "--json").out)
    rows = list(csv.DictReader(labels.read_text().splitlines()))
    assert [float(row["start_s"]) for row in rows] == [p["start_s"] for p in shown]
    assert {row["activity"] for row in rows} == {""}
    unfilled = say("personalise", "pretrained", recording, "--labels", labels)
    assert unfilled.status == 2
    assert "names no activity" in unfilled.err
