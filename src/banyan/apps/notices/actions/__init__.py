"""Telling news, choosing how to hear of it, sending it, and announcing."""

from __future__ import annotations

from banyan.apps.notices.actions.inbox import read_all, read_of, tell

__all__ = ["read_all", "read_of", "tell"]
