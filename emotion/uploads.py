"""Uploads are bounded while they are read, and live no longer than their request."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest

from audio import TooLargeError

# Boundaries, part headers and small fields around the file itself.
MULTIPART_OVERHEAD_BYTES = 64 * 1024


class BoundedUpload(FileUploadHandler):
    """Stops the parser as soon as the files of a request are over the limit together."""

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self._max_bytes = max_bytes
        self._received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803 - Django's own name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if content_length > self._max_bytes + MULTIPART_OVERHEAD_BYTES:
            raise self._too_large()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received += len(raw_data)
        if self._received > self._max_bytes:
            raise self._too_large()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"The upload is over {self._max_bytes} bytes: send a smaller file")


def bound_uploads(request: HttpRequest) -> None:
    """Limit the files of a request that is not parsed yet to `PREDICT_MAX_BYTES`.

    Small files stay in memory, others go to a temporary file that ends with the request.
    """
    request.upload_handlers = [
        BoundedUpload(request, max_bytes=settings.PREDICT_MAX_BYTES),
        MemoryFileUploadHandler(request),
        TemporaryFileUploadHandler(request),
    ]
