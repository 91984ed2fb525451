"""What everybody reads of the words of a request."""

from __future__ import annotations

from typing import Protocol

from banyan.apps.service_requests.rules.personal import hidden


class Worded(Protocol):
    """The columns that decide it."""

    @property
    def is_text_public(self) -> bool: ...
    @property
    def public_text(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def address(self) -> str: ...


def public_description(request: Worded) -> str:
    """Return the words in place of the description, "" where none have been published."""
    return (request.public_text or request.description) if request.is_text_public else ""


def public_address(request: Worded) -> str:
    """Return the place in words with personal data hidden, "" where no words have been published."""
    return hidden(request.address) if request.is_text_public else ""
