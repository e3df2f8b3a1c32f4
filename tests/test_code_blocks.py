"""Every code block of the README and of the pages does what it is there for."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import harken
from harken.cli import app, main
from harken.datasets import simulated
from harken.signal.windows import Windows

ROOT = Path(__file__).parents[1]
#: Pages whose blocks are run together, by tests of their own.
ELSEWHERE = {
    "add-a-dataset.md": "tests/docs/test_how_to.py",
    "add-a-network.md": "tests/docs/test_how_to.py",
    "add-a-reader.md": "tests/docs/test_how_to.py",
    "tutorial.md": "tests/test_tutorial.py",
}
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in ELSEWHERE),
]
#: What a command line begins with.
PROGRAMS = ("harken", "pip", "python", "python3", "make", "curl")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block: the page it stands on, its language and its text."""

    page: str
    kind: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its lines, if all of them are command lines; else nothing."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        if self.kind or not all(program_of(line) in PROGRAMS for line in lines):
            return []
        return lines


def words_of(line: str) -> list[str]:
    """A command line in words, without its comment and the folder of its program."""
    program, *others = shlex.split(line, comments=True)
    return [program.removeprefix(".venv/bin/"), *others]


def program_of(line: str) -> str:
    try:
        return words_of(line)[0]
    except (ValueError, IndexError):
        return ""


def blocks() -> Iterator[Block]:
    """All blocks of all pages, in order."""
    for page in PAGES:
        for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            yield Block(page.name, kind, text)


def commands(program: str) -> list[list[str]]:
    """All command lines of a program, in words and each once."""
    lines = (words_of(line) for block in blocks() for line in block.commands)
    return list(map(list, dict.fromkeys(tuple(w) for w in lines if w[0] == program)))


BLOCKS = list(blocks())
WALK = ROOT / "examples" / "walk.csv"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: Blocks that are neither Python nor command lines, by how they begin, and what they are.
NO_CODE = {
    "start_s,end_s,activity": "a table of labels",
    "proxy_buffering": "a proxy's settings",
    "server {": "a proxy's settings",
    '{"type":': "messages of a stream, tested in tests/serve",
    "POST /v1/streams": "a list of requests, tested in tests/serve",
    "study/recordings": "names of files, tested in tests/cluster",
    "SELECT": "for another program",
    "samples of each sensor": "a sketch",
    "noise(s)": "formulas, proved by `harken data rebuild hapt`",
    "Usage: harken": "help, compared in test_cli_page.py",
}
#: Lines of `harken` that are parsed and not run, and why.
PARSED = {
    r"(train|search|crossval|demo)\b": "trains for minutes; tests/training does, for seconds",
    r"evaluate ": "needs a run and an archive",
    r"(serve|live)(?!.*--new-key)": "stays; started by tests/serve and tests/live",
    r"data rebuild hapt": "takes its time; tests/datasets/test_rebuild.py does it",
    r"score .*--engine ray": "needs a cluster; tests/cluster starts one",
}
HARKEN_LINES = [words[1:] for words in commands("harken")]


def _name(words: list[str]) -> str:
    return " ".join(words)


def test_every_block_is_of_a_known_kind() -> None:
    for block in BLOCKS:
        known = block.kind == "python" or block.commands
        assert known or block.text.startswith(tuple(NO_CODE)), f"{block.page}:\n{block.text}"
    for begin in NO_CODE:
        assert any(block.text.startswith(begin) for block in BLOCKS), f"nothing begins with {begin}"


@pytest.mark.parametrize("words", HARKEN_LINES, ids=_name)
def test_every_command_line_is_understood(words: list[str]) -> None:
    """By the program's own parser: names, options, types and ranges."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(_name(words), rest)


def test_an_option_that_is_not_there_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        test_every_command_line_is_understood(["predict", "walk.csv", "--plott", "x.png"])
    with pytest.raises(KeyError):
        test_every_command_line_is_understood(["data", "delete", "uci-har"])


def reason_not_to_run(words: list[str]) -> str | None:
    line = _name(words)
    return next((why for form, why in PARSED.items() if re.match(form, line)), None)


def test_pages_that_are_run_elsewhere_are() -> None:
    for page, file in ELSEWHERE.items():
        assert (ROOT / "docs" / page).is_file()
        assert page.removesuffix(".md") in (ROOT / file).read_text(encoding="utf-8")


def test_every_reason_not_to_run_is_needed() -> None:
    for form in PARSED:
        assert any(re.match(form, _name(words)) for words in HARKEN_LINES), form


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where all recordings and models are that the pages speak of."""
    made = tmp_path_factory.mktemp("pages")
    for name in ("my-recordings/anna", "my-recordings/ben", "harken-recordings/anna"):
        (made / name).mkdir(parents=True)
        shutil.copy(WALK, made / name)
    for name in ("walk.csv", "tomorrow.csv", "monday.csv", "tuesday.csv"):
        shutil.copy(WALK, made / name)
    shutil.copytree(ROOT / "examples", made / "examples")
    shutil.make_archive(str(made / "my-walk"), "zip", ROOT / "examples", "walk.csv")
    names = {"time_s": "t", "acc_x (g)": "AX", "acc_y (g)": "AY", "acc_z (g)": "AZ"}
    header, _, rows = WALK.read_text(encoding="utf-8").partition("\n")
    for old, new in names.items():
        header = header.replace(old, new)
    (made / "mine.csv").write_text(f"{header}\n{rows}", encoding="utf-8")
    without_labels(made / "wednesday.csv")
    pretrained = ROOT / "src" / "harken" / "model" / "pretrained" / "pretrained.onnx"
    for name in ("mine", "hapt-upright-any-mounting-seed0"):
        (made / "runs" / name).mkdir(parents=True)
        shutil.copy(pretrained, made / "runs" / name / "model.onnx")
    return made


def without_labels(path: Path) -> None:
    with WALK.open(encoding="utf-8", newline="") as file:
        rows = [row[:-1] for row in csv.reader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def prepare(words: list[str], folder: Path) -> None:
    """What somebody did by hand before this line: recorded, and filled in labels."""
    if words[0] != "personalise":
        return
    (folder / "me.onnx").unlink(missing_ok=True)
    labels = folder / "labels.csv"
    if "--propose" not in words and "--labels" not in words:
        shutil.copy(WALK, folder / "me.csv")
        return
    without_labels(folder / "me.csv")
    labels.unlink(missing_ok=True)
    if "--labels" in words:
        spans = harken.read(WALK).spans
        rows = [f"{span.start_s},{span.end_s},{span.label}" for span in spans]
        labels.write_text("\n".join(["start_s,end_s,activity", *rows]) + "\n")


@pytest.mark.parametrize(
    "words", [words for words in HARKEN_LINES if not reason_not_to_run(words)], ids=_name
)
def test_every_other_command_line_works(
    words: list[str],
    folder: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if re.match(r"data (fetch|info) uci-har", _name(words)):
        request.getfixturevalue("data_folder")  # skips where there are no archives
    monkeypatch.chdir(folder)
    prepare(words, folder)
    found = [sorted(map(str, folder.glob(word))) if "*" in word else [word] for word in words]
    before = set(folder.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main([word for part in found for word in part])
    told = capsys.readouterr()
    assert ended.value.code == 0, told.err
    for option in ("--out", "--plot"):
        if option in words:
            assert (folder / words[words.index(option) + 1]).is_file()
    assert told.out or set(folder.rglob("*")) > before


#: Of examples/walk.csv: somebody stands, then walks.
STAND_STILL = range(2150, 3300)


def given(page: str) -> dict[str, Any]:
    """What a page takes for given: samples of a device that stands still first, and windows."""
    recording = harken.read(WALK)
    values = recording.acc.time_s, recording.acc.values, recording.gyro.values
    samples = [tuple(value[first : first + 50] for value in values) for first in STAND_STILL[::50]]
    whole = (value[STAND_STILL.start : STAND_STILL.stop] for value in values)
    if page == "README.md":
        return dict(zip(("time_s", "acc_g", "gyro_rad_s"), whole, strict=True))
    if page == "serve.md":
        return {"device": samples, "windows": some_windows().select(range(5))}
    return {"messages": lambda: iter(samples)} if page == "stream.md" else {}


@cache
def some_windows() -> Windows:
    return simulated.load().select(range(32))


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of a service as `harken serve` starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harken", "serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"},
    )  # fmt: skip
    assert process.stdout is not None
    alarm = threading.Timer(60, process.kill)
    alarm.start()
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "harken serve did not start"
        yield found[0]
    finally:
        alarm.cancel()
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _python(page: str) -> list[str]:
    return [block.text for block in BLOCKS if block.page == page and block.kind == "python"]


@pytest.mark.parametrize("page", [page.name for page in PAGES if _python(page.name)])
def test_the_python_of_a_page_works(
    page: str,
    folder: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    (folder / "me.onnx").unlink(missing_ok=True)
    url = request.getfixturevalue("service") if page == "serve.md" else ""
    names = given(page)
    for text in _python(page):
        exec(compile(text.replace("http://127.0.0.1:8000", url), page, "exec"), names)
    assert "print(" not in "".join(_python(page)) or capsys.readouterr().out


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("words", commands("curl"), ids=_name)
def test_every_request_works(words: list[str], folder: Path, service: str) -> None:
    some_windows().x.astype("<f4").tofile(folder / "windows.f4")
    if any("[[[...]" in word for word in words):
        window = some_windows().x[:1].tolist()
        words = [word.replace("[[[...], ...]]", str(window)) for word in words]
    words = [word.replace("http://127.0.0.1:8000", service) for word in words]
    done = subprocess.run(
        [*words, "--silent", "--fail"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "probability" in done.stdout or "bouts" in done.stdout


@pytest.mark.parametrize("words", commands("pip"), ids=_name)
def test_what_is_installed_is_told_right(words: list[str]) -> None:
    for word in words[2:]:
        if extras := re.fullmatch(r"(?:\.|harken)\[(.+)\]", word):
            assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])
        elif word.endswith(".txt"):
            assert (ROOT / word).is_file()


@pytest.mark.parametrize("words", commands("make"), ids=_name)
def test_every_target_exists(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in words[1:]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("words", commands("python"), ids=_name)
def test_every_module_and_script_is_there(words: list[str]) -> None:
    if words[1] == "-m":
        found = importlib.util.find_spec(words[2])
        assert found is not None
        # A folder is run by the module in it.
        text = Path(found.origin or "").read_text(encoding="utf-8")
        if found.submodule_search_locations:
            text = (Path(found.submodule_search_locations[0]) / "__main__.py").read_text()
        assert all(f'"{word}"' in text for word in words if word.startswith("--"))
    else:
        assert (ROOT / words[1]).is_file()
