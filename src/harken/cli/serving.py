"""What the commands that start a service share."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

#: What the extra "serve" brings for any service, as it is imported.
_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client")

ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A model file, or one that ships; NAME=FILE gives it a name. Several may be given; "
        "the first is the default.",
    ),
]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
OriginsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="URL",
        help="A web page's origin that may use it, as https://har.example.",
    ),
]
CertOption = Annotated[
    Path | None, typer.Option("--cert", metavar="PEM", help="Certificate, for HTTPS; with --key.")
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", metavar="PEM", help="The certificate's private key.")
]


def prepare(needed: Iterable[str] = ()) -> None:
    """Before anything of a service is loaded.

    Parameters
    ----------
    needed : further modules of the extra "serve"

    Raises
    ------
    MissingExtraError
        The extra is not installed.
    """
    # NumPy starts its threads when it is loaded: for a few windows they cost more than all else.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from harken.core.errors import MissingExtraError

    for module in (*_NEEDED, *needed):
        if find_spec(module) is None:
            raise MissingExtraError(module, "serve", "The service")


def check_pair(cert: Path | None, key: Path | None) -> None:
    """Refuse a certificate without its key, and the other way round."""
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key belong together.")
