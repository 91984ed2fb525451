"""A request from a browser that reached a page of a town: the middleware has said which town and who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from banyan.kit.guard import Actor


class TownRequest(HttpRequest):
    """What views inside a town receive.  `town` is a `territory.models.Town`."""

    town: Any
    actor: Actor
