"""What the OpenAPI schema describes: the documented API, not the widget's own calls."""

from collections.abc import Callable

Endpoint = tuple[str, str, str, Callable[..., object]]


def documented(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Keep what lies under /api/; the schema itself is none of its endpoints."""
    return [
        endpoint
        for endpoint in endpoints
        if endpoint[0].startswith("/api/") and endpoint[0] != "/api/schema/"
    ]
