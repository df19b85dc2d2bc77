"""Spans by OTLP over HTTP. Imported only where an endpoint is set: the libraries are an extra."""

from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from backend import __version__
from backend.core.config import TelemetrySettings
from backend.core.telemetry import Ended, Parent

_FAILED: Final = 500
_PATIENCE: Final = 3_000  # milliseconds at the end


class OtlpSpans:
    """Sends spans to a collector, in batches, from a thread of its own. What does not fit is dropped."""

    def __init__(self, settings: TelemetrySettings) -> None:
        # Given whole: the library's own would add what the environment and the machine say.
        resource = Resource({"service.name": settings.service, "service.version": __version__})
        sampler = ParentBased(TraceIdRatioBased(settings.sample_ratio))
        self._provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint))
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("safeplate", __version__)

    def end(self, request: Ended) -> None:
        """Take the span of a request (see `Spans`)."""
        route = request.route or "unmatched"
        context = set_span_in_context(NonRecordingSpan(_context(request.parent))) if request.parent else None
        span = self._tracer.start_span(
            f"{request.method} {route}",
            context=context,
            kind=SpanKind.SERVER,
            start_time=request.began,
            attributes={
                "http.request.method": request.method,
                "http.route": route,
                "http.response.status_code": request.status,
                "safeplate.request_id": request.request_id,
            },
        )
        if request.status >= _FAILED:
            span.set_status(Status(StatusCode.ERROR))
        span.end(request.began + request.nanoseconds)

    def close(self) -> None:
        """Send what is left (see `Spans`)."""
        self._provider.force_flush(_PATIENCE)
        self._provider.shutdown()


def _context(parent: Parent) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    return SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)
