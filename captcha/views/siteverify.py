"""The verification contract that clients of the known CAPTCHA services expect."""

import logging
from collections.abc import Callable
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
# Whatever else a client sends is ignored.
NAMES = ("secret", "response", "sitekey", "idempotency_key")
HCAPTCHA_ONLY = {"already-seen-response", "expired-input-response"}

Described = dict[str, Any]


def _union(described: Described, verification: Verification) -> Described:
    return described


def _recaptcha(described: Described, verification: Verification) -> Described:
    """Without the codes that clients of reCAPTCHA do not know."""
    codes = [code for code in described["error-codes"] if code not in HCAPTCHA_ONLY]
    return described | {"error-codes": codes}


def _hcaptcha(described: Described, verification: Verification) -> Described:
    """With the field that hCaptcha sends with a success; nothing is ever credited here."""
    return described | ({"credit": False} if verification.success else {})


def _turnstile(described: Described, verification: Verification) -> Described:
    """With action and cdata always, as Turnstile sends them."""
    named = {"action": verification.action, "cdata": verification.cdata}
    return _recaptcha(described, verification) | (named if verification.success else {})


Dialect = Callable[[Described, Verification], Described]
DIALECTS: dict[str, Dialect] = {
    "": _union,
    "recaptcha": _recaptcha,
    "hcaptcha": _hcaptcha,
    "turnstile": _turnstile,
}


@csrf_exempt
@never_cache
def siteverify(request: HttpRequest, vendor: str = "") -> JsonResponse:
    """Verify a response token for the holder of a secret, in the words of a vendor.

    Refusals are answered with 200, because clients of all services take anything else for an
    outage; only a method that is not allowed and a failure of ours have a status of their own.
    """
    try:
        verification = _verified(request)
    except BodyError:
        verification = _refused("bad-request")
    except DatabaseError:
        logger.exception("A verification failed")
        headers = {"Retry-After": "1"}
        return JsonResponse(_described(_refused("internal-error")), status=503, headers=headers)
    described = DIALECTS[vendor](_described(verification), verification)
    if request.method != "POST" and "bad-request" in verification.error_codes:
        return JsonResponse(described, status=405, headers={"Allow": "POST"})
    return JsonResponse(described)


def _verified(request: HttpRequest) -> Verification:
    # The secret in a query ends up in logs, so that a site has to allow it.
    is_get = request.method == "GET"
    if request.method == "POST":
        fields = read_fields(request, names=NAMES, max_bytes=MAX_BODY_BYTES)
    elif is_get and "secret" in request.GET:
        fields = {name: request.GET[name] for name in NAMES if name in request.GET}
    else:
        return _refused("bad-request")
    return services.verify(
        secret=fields.get("secret", ""),
        token=fields.get("response", ""),
        sitekey=fields.get("sitekey", ""),
        idempotency_key=fields.get("idempotency_key", ""),
        is_get=is_get,
    )


def _refused(code: str) -> Verification:
    return Verification(success=False, error_codes=(code,))


def _described(verification: Verification) -> Described:
    described: Described = {
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
    if verification.score is not None:
        # Clients of scored sites compare the action even where none was set.
        described |= {"score": verification.score, "action": verification.action}
    return described
