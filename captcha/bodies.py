"""Reading request bodies of untrusted size and form, also chunked ones."""

import json
from collections.abc import Collection
from io import BytesIO
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.http.request import UnreadablePostError


class BodyError(ValueError):
    """A body that cannot be used; `code` is stable and may be shown."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_json(request: HttpRequest, *, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        BodyError: If it is too large, of another type, or no object of well-formed text.
    """
    sent_type = request.content_type or ""
    if sent_type != "application/json":
        raise BodyError(
            "unsupported_media_type",
            f"Unexpected content type {sent_type[:100]!r}: send application/json",
        )
    return _json_object(_read(request, max_bytes))


def read_fields(request: HttpRequest, *, names: Collection[str], max_bytes: int) -> dict[str, str]:
    """Return the named text fields of a form, multipart or JSON body; null in JSON is no field.

    Raises:
        BodyError: If it is too large or cannot be parsed, or a JSON value is no text.
    """
    data = _read(request, max_bytes)
    if not data:
        return {}
    if request.content_type == "application/json":
        return _texts(_json_object(data), names)
    try:
        if request.content_type == "multipart/form-data":
            # Django reads no multipart body without a length, which chunked ones have not.
            meta = {**request.META, "CONTENT_LENGTH": len(data)}
            fields, _ = MultiPartParser(meta, BytesIO(data), [], "utf-8").parse()
        else:
            fields = QueryDict(data, encoding="utf-8")
    except (MultiPartParserError, SuspiciousOperation, ValueError, LookupError) as error:
        raise BodyError("body_malformed", "The form cannot be parsed") from error
    return {name: str(value) for name, value in fields.items() if name in names}


def _read(request: HttpRequest, max_bytes: int) -> bytes:
    try:
        data = request.read(max_bytes + 1)
    except UnreadablePostError as error:
        raise BodyError("body_unreadable", "The body ended before its announced length") from error
    if len(data) > max_bytes:
        raise BodyError("body_too_large", f"The body is larger than {max_bytes} bytes")
    return data


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
        # Half of a surrogate pair passes the parser, but neither a hash nor a database takes it.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BodyError("body_malformed", "The body is no well-formed JSON") from error
    if not isinstance(parsed, dict):
        raise BodyError("body_malformed", "The body is JSON, but no object: send {...}")
    return parsed


def _texts(parsed: dict[str, Any], names: Collection[str]) -> dict[str, str]:
    present = {name: parsed[name] for name in names if parsed.get(name) is not None}
    for name, value in present.items():
        if not isinstance(value, str):
            raise BodyError("body_malformed", f"{name[:40]!r} is {type(value).__name__}, no text")
    return present
