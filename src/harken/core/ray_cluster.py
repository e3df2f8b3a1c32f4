"""A Ray cluster: one that runs somewhere, or one that is started here for as long as it is used.

All machines must see the data and what is written under the same paths.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from harken.core.errors import InputError, MissingExtraError, UnknownNameError

#: What work for many cores runs on: this machine alone, or such a cluster.
LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)
#: How long a cluster's address may take to answer, in seconds.
_REACH_S = 5.0
#: What its processes print is theirs; what fails comes back as an error.
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}


def known_engine(name: str) -> str:
    """The name itself; raises UnknownNameError where there is no such engine."""
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    return name


@contextlib.contextmanager
def connected(purpose: str, *, cores: int, address: str | None) -> Iterator[Any]:
    """The module `ray` while it is connected; what it prints meanwhile goes to standard error.

    Parameters
    ----------
    purpose : what it is for, for messages
    cores : of a cluster that is started here, where no address is given
    address : of a cluster that runs, as Ray takes it ("auto", "ray://host:10001")

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    InputError
        The cluster cannot be reached.
    """
    if find_spec("ray") is None:
        raise MissingExtraError("ray", "ray", purpose)
    import ray

    if address is not None:
        _refuse_unreachable(address)
    try:
        if address is None:
            ray.init(num_cpus=cores, include_dashboard=False, **_QUIET)
        else:
            ray.init(address=address, **_QUIET)
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"The Ray cluster {address or 'here'} cannot be used: {first}") from None
    try:
        # It tells of workers that died on standard output, which is for results.
        with contextlib.redirect_stdout(sys.stderr):
            yield ray
    finally:
        ray.shutdown()


def _refuse_unreachable(address: str) -> None:
    """Ray itself would wait for minutes, and then end this process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return  # "auto", which Ray looks up
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"The Ray cluster {address} cannot be used: nothing answers there ({error})."
        ) from None
