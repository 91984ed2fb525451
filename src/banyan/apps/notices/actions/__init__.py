"""Telling news, choosing how to hear of it, sending it, and announcing."""

from __future__ import annotations

from banyan.apps.notices.actions.announcing import change, count_read, publish, withdraw, write
from banyan.apps.notices.actions.hearing import (
    Added,
    Wishes,
    add_channel,
    add_email,
    choose,
    confirm_email,
    keep_habits,
    remove_channel,
    stop,
    try_channel,
)
from banyan.apps.notices.actions.inbox import read_all, read_of, tell
from banyan.apps.notices.rules import Kind, Words

__all__ = [
    "Added",
    "Kind",
    "Wishes",
    "Words",
    "add_channel",
    "add_email",
    "change",
    "choose",
    "confirm_email",
    "count_read",
    "keep_habits",
    "publish",
    "read_all",
    "read_of",
    "remove_channel",
    "stop",
    "tell",
    "try_channel",
    "withdraw",
    "write",
]
