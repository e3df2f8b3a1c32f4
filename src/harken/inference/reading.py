"""How recordings are to be read: what their user says of them, from code, a shell or a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.inference.resolve import parse_mounting, placement_of
from harken.orientation.mounting import Mounting
from harken.readers import parse_columns


@dataclass(frozen=True)
class Reading:
    """How recordings are read, for all of them alike.

    Attributes
    ----------
    columns, placement, mounting : as for `harken.predict`
    """

    columns: Mapping[str, str] | None = None
    placement: str | None = None
    mounting: str | Mounting | NDArray[np.float64] = "estimate"

    @classmethod
    def of_words(cls, columns: str | None, placement: str | None, mounting: str) -> Reading:
        """From the words of a command line or a form; a mistake shows before a file is opened.

        Raises
        ------
        FormatError, UnknownNameError
            They are not of the right form, or there is no such placement or mounting.
        """
        return cls(
            columns=None if columns is None else parse_columns(columns),
            placement=None if placement is None else placement_of(placement),
            mounting=parse_mounting(mounting),
        )
