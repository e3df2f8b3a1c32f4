"""What the directories of runs, cross-validations and searches have in common."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from harken.core.errors import FormatError, InputError

_Settings = TypeVar("_Settings")


def refuse_taken(path: Path, what: str, command: str, *, left_by_create: tuple[str, ...]) -> None:
    """Refuse a directory that is there and holds something.

    Parameters
    ----------
    what, command : such as "run" and "train", for the message
    left_by_create : names of files that making it, when killed, leaves behind; `.part` files too

    Raises
    ------
    InputError
    """

    def is_foreign(file: Path) -> bool:
        left = bool(left_by_create) and file.suffix == ".part"
        return not left and file.name not in left_by_create

    if path.exists() and (not path.is_dir() or any(map(is_foreign, path.iterdir()))):
        raise InputError(
            f"{path} exists already. Name another folder with --out, or go on with that {what}: "
            f"harken {command} --resume {path}"
        )


def read_settings(file: Path, what: str, parse: Callable[[dict[str, Any]], _Settings]) -> _Settings:
    """What a directory's TOML file says was asked for.

    Parameters
    ----------
    what : the kind of directory, for the message
    parse : makes the settings; KeyError or TypeError where the table is not one

    Raises
    ------
    InputError
        There is no such file: the directory is something else.
    FormatError
        It cannot be understood.
    """
    try:
        return parse(tomllib.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{file.parent} is no {what}: it has no {file.name}.") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise FormatError(f"{file} cannot be understood: {error}") from None
