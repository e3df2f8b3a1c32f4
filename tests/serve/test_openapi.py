"""The service does what its OpenAPI says: generated requests, good and bad, to every operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from harken.serve.limits import Limits
from harken.serve.recordings import Recordings

from .conftest import Running, running

#: What is valid by the schema may still be refused: no schema tells how numbers fit together.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Events go on until their stream ends, which nobody would wait for.
ENDLESS = "/v1/streams/{session}/events"


@pytest.fixture(scope="module")
def service(shelf: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with all that it may have."""
    kept = Recordings(tmp_path_factory.mktemp("recordings"), kept_days=30)
    limits = Limits(requests_per_s=1e5, burst=100_000, sessions=100_000, lag_s=30)
    with running(shelf, limits, recordings=kept) as found:
        yield found


@pytest.fixture(scope="module")
def openapi(service: Running) -> Any:
    """What it says of itself."""
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    return schema.exclude(path=ENDLESS)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_that_was_announced(
    openapi: Any, mode: schemathesis.GenerationMode
) -> None:
    checked = set()
    for found in openapi.get_all_operations():
        operation = found.ok()
        check = answers_as_announced(operation.as_strategy(generation_mode=mode))
        try:
            check()
        except Unsatisfiable:
            # No wrong request can be made where any text will do.
            assert mode is schemathesis.GenerationMode.NEGATIVE
        except Exception as error:
            error.add_note(f"{operation.method.upper()} {operation.path}")
            raise
        else:
            checked.add(operation.path)
    assert checked >= {"/v1/predict", "/v1/streams", "/v1/streams/{session}/samples"}


def answers_as_announced(cases: Any) -> Any:
    """A test of some requests: none is a fault of the service, each is answered as declared."""

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def check(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, timeout=30)

    return check
