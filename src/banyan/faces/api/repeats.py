"""A write that is repeated with its idempotency key has one effect and one answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from banyan.apps.accounts import actions as accounts
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import scopes
from banyan.kit.api import JSON

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
#: Visible ASCII; long enough that nobody hits another's by accident.
KEY_PATTERN: Final = r"^[!-~]{16,80}$"


def once(request: HttpRequest, asker: str, *, answer: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer a write, or give the answer it was given before.

    Claim, effect and answer are one transaction.  A refusal (4xx) leaves no trace: nothing has happened, and the
    corrected request may use the same key.  An answer that may not be stored (`Cache-Control: no-store`) is given anew.

    Raises
    ------
    InvalidInput
        The key does not have the form of one.
    KeyUsedOtherwise
        The key came with another request before.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return answer(request)
    if not re.fullmatch(KEY_PATTERN, key):
        sentence = mark("A key is 16 to 80 visible ASCII characters; a UUID does well.")
        raise InvalidInput(mark("The request"), [Problem(HEADER, "pattern", sentence)])
    body_hash = _hash_of(request)
    with scopes.action_transaction():
        held = accounts.claim_answer(asker=asker, key=key, body_hash=body_hash, at=timezone.now())
        if held is not None:
            return _again(held)
        response = answer(request)
        if response.status_code >= 400:
            transaction.set_rollback(True)
        elif "no-store" in response.headers.get("Cache-Control", ""):
            accounts.release_key(asker=asker, key=key)
        else:
            accounts.keep_answer(asker=asker, key=key, answer=_kept(response))
    return response


def _kept(response: HttpResponse) -> accounts.Answer:
    return accounts.Answer(response.status_code, response.content.decode(), response.headers.get("Location", ""))


def _again(held: accounts.Answer) -> HttpResponse:
    headers = {REPLAYED: "true"} | ({"Location": held.location} if held.location else {})
    return HttpResponse(held.body, status=held.status, content_type=JSON, headers=headers)


def _hash_of(request: HttpRequest) -> str:
    """Return the hash of what is asked: method, address and body; of files their content, not how they were packed."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.hexdigest()
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            of_file = hashlib.sha256()
            for chunk in file.chunks():
                of_file.update(chunk)
            file.seek(0)
            digest.update(repr((name, of_file.hexdigest())).encode())
    return digest.hexdigest()
