"""Tests of pages: a browser for each person, and what a view gave to its template (Jinja2 alone would not tell)."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.backends.jinja2 import Template
from django.test import Client
from django.test.signals import template_rendered

from banyan.apps.accounts.models import Account
from tests.towns import SmallTown


def client(town: SmallTown, key: str = "", language: str = "en") -> Client:
    """Return a browser without scripts in which somebody of the town is signed in, or nobody."""
    found = Client(headers={"Accept-Language": language})
    if key:
        found.force_login(Account.objects.get(id=town.accounts[key]))
    return found


def let_contexts_be_seen(patch: pytest.MonkeyPatch) -> None:
    """Send Django's signal of tests with every Jinja2 page: `response.context` then holds what the page was given."""
    plain = Template.render

    def told(self: Template, context: dict[str, Any] | None = None, request: Any = None) -> str:
        template_rendered.send(sender=self, template=self, context=dict(context or {}))
        return str(plain(self, context, request))

    patch.setattr(Template, "render", told)
