"""What the service counts, in the form that Prometheus reads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from engine.sharing import Lease
from ui.service.workers import Answering

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one service."""

    def __init__(self, answering: Answering) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "engine_requests", "Requests by address and status.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "engine_request_seconds", "From a request to the end of its answer.", ["endpoint"], registry=registry,
            buckets=BUCKETS,
        )  # fmt: skip
        Gauge("engine_waiting", "Questions that wait.", registry=registry).set_function(lambda: answering.num_waiting)
        Gauge("engine_answering", "Questions that are answered.", registry=registry).set_function(
            lambda: answering.num_answering
        )
        self._photos = Gauge("engine_photos", "Photos in the library.", registry=registry)
        self._sentences = Gauge("engine_sentences", "Sentences in the library.", registry=registry)
        self._generation = Gauge("engine_generation", "States of the library that were opened.", registry=registry)

    def count(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(endpoint, str(status or "none")).inc()  # whoever asked went away
        self._seconds.labels(endpoint).observe(seconds)

    def text(self, lease: Lease) -> bytes:
        """All of them, with the state of the library."""
        self._photos.set(lease.engine.reader.num_photos)
        self._sentences.set(lease.engine.reader.num_sentences)
        self._generation.set(lease.generation)
        return generate_latest(self._registry)
