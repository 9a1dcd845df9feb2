"""The verification contract that clients of the known CAPTCHA services expect."""

import logging
from datetime import UTC
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from captcha import services
from captcha.bodies import BodyError, read_fields
from captcha.services import Verification

logger = logging.getLogger(__name__)

# Over any token (2 048) by far: an absurd token still gets the code that names it.
MAX_BODY_BYTES = 2 * 1024 * 1024
NAMES = ("secret", "response", "sitekey")  # whatever else a client sends is ignored


@csrf_exempt
@never_cache
def siteverify(request: HttpRequest) -> JsonResponse:
    """Verify a response token for the holder of a secret.

    Refusals are answered with 200, because clients of all services take anything else for an
    outage; only a wrong method and a failure of ours have a status of their own.
    """
    if request.method != "POST":
        # The secret in a query would end up in logs.
        refused = _described(Verification(success=False, error_codes=("bad-request",)))
        return JsonResponse(refused, status=405, headers={"Allow": "POST"})
    try:
        fields = read_fields(request, names=NAMES, max_bytes=MAX_BODY_BYTES)
        verification = services.verify(
            secret=fields.get("secret", ""),
            token=fields.get("response", ""),
            sitekey=fields.get("sitekey", ""),
        )
    except BodyError:
        verification = Verification(success=False, error_codes=("bad-request",))
    except DatabaseError:
        logger.exception("A verification failed")
        failed = _described(Verification(success=False, error_codes=("internal-error",)))
        return JsonResponse(failed, status=503, headers={"Retry-After": "1"})
    return JsonResponse(_described(verification))


def _described(verification: Verification) -> dict[str, Any]:
    described: dict[str, Any] = {
        "success": verification.success,
        # Present on success too: some clients fail without it.
        "error-codes": list(verification.error_codes),
    }
    if verification.challenge_ts:
        solved_at = verification.challenge_ts.astimezone(UTC)
        described["challenge_ts"] = solved_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        described["hostname"] = verification.hostname
    for name in ("action", "cdata"):
        if value := getattr(verification, name):
            described[name] = value
    return described
