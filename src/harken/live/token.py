"""The token that opens the page from the network: made once, and kept, so that phones come back."""

from __future__ import annotations

import re
from pathlib import Path

from harken.core.errors import InputError
from harken.live.certificate import make_private, write_private
from harken.serve.keys import new_key

_TOKEN = re.compile(r"[\w-]{40,64}")


def kept_token(folder: Path, *, anew: bool) -> str:
    """The token in a folder, made if there is none.

    Parameters
    ----------
    folder : is made if need be, readable by its owner alone
    anew : make another, which locks out whoever has the old one

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    file = folder / "token"
    try:
        if not anew and file.is_file():
            token = file.read_text(encoding="ascii", errors="replace").strip()
            if _TOKEN.fullmatch(token):
                return token
        token = new_key()
        make_private(folder)
        write_private(file, token + "\n")
    except OSError as error:
        raise InputError(f"The token cannot be kept in {folder}: {error.strerror}.") from None
    return token
