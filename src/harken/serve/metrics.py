"""Figures of a running service, in the text format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The figures of one service; each has a registry of its own, so that tests can run several.

    Labels take few values only: routes as they are declared, never addresses as they were asked.
    """

    CONTENT_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "harken_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "harken_request_seconds",
            "From request to answer",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "harken_refused", "Requests refused, by code", ("code",), registry=registry
        )
        self.windows = Counter(
            "harken_windows", "Windows recognised", ("model",), registry=registry
        )
        self.batch_windows = Histogram(
            "harken_batch_windows",
            "Windows in one call of the network",
            buckets=_BATCHES,
            registry=registry,
        )
        self.waiting_windows = Gauge(
            "harken_waiting_windows", "Windows that wait for the network", registry=registry
        )
        self.sessions = Gauge("harken_sessions", "Open streams", registry=registry)
        self.lag_seconds = Gauge(
            "harken_lag_seconds", "How late the service comes to what is due", registry=registry
        )
        self.samples = Counter(
            "harken_stream_samples", "Samples that came in by stream", registry=registry
        )

    def text(self) -> bytes:
        """All figures."""
        return generate_latest(self._registry)
