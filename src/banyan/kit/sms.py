"""Sending text messages: the setting BANYAN_SMS_SENDER names the function that does it.

A sender takes the number (E.164) and the words.  It returns "" when they went out to the phone, or words to be shown on
the screen instead, which only a demonstration does.  It raises when the message could not be handed over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

Sender = Callable[[str, str], str]


def send(phone: str, words: str) -> str:
    """Send words to a phone; return what the page should show in place of a message, "" as a rule."""
    shown = cast("Sender", import_string(settings.SMS_SENDER))(phone, words)
    return shown if settings.DEMO else ""


def console(phone: str, words: str) -> str:
    """Write the message to the standard error stream: for development, and never where BANYAN_SECURE is on."""
    if settings.SECURE:
        raise ImproperlyConfigured("Name a sender of text messages in BANYAN_SMS_SENDER.")
    print(f"SMS to {phone}: {words}", file=sys.stderr)
    return ""


def on_screen(phone: str, words: str) -> str:  # noqa: ARG001
    """Send nothing and give the words back to the page: for the demonstration, where `send` alone lets them through."""
    return words
