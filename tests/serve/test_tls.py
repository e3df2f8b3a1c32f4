"""All that a client does, over HTTPS, with a certificate that was made for this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import ServiceError
from harken.live.certificate import kept_certificate

from .test_command import WALK, port_in, serving


def test_a_client_over_https(tmp_path: Path) -> None:
    cert, key = kept_certificate(tmp_path, ["localhost", "127.0.0.1"])
    with serving("--port", "0", "--cert", str(cert), "--key", str(key)) as (_, lines):
        url = f"https://localhost:{port_in(lines[0])}"
        with harken.Client(url, ca_file=cert) as client:
            assert [model["name"] for model in client.models()] == ["pretrained"]
            assert client.predict(WALK).bouts == harken.predict(WALK).bouts
            with client.stream(mounting="as-worn", rate_hz=50) as stream:
                time_s = np.arange(0, 10, 0.02)
                still = np.tile([1.0, 0, 0], (len(time_s), 1))
                found = stream.push(time_s, still, np.zeros_like(still)) + stream.finish()
            assert len(found) > 3
        with harken.Client(url) as stranger:
            for ask in (stranger.models, stranger.stream):
                with pytest.raises(ServiceError, match="certificate"):
                    ask()
