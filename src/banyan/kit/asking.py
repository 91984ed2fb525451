"""A request from a browser that reached a page of a town: the middleware has said which town and who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from banyan.kit.guard import Actor


class TownRequest(HttpRequest):
    """What views inside a town receive.  `town` is a `territory.models.Town`."""

    town: Any
    actor: Actor


def is_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of a page that is there already (not for a page gone back to)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"
