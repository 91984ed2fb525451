"""Let tests of pages see what a view gave to its Jinja2 template, as Django's own templates do by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.backends.jinja2 import Template
from django.test.signals import template_rendered


def let_contexts_be_seen(patch: pytest.MonkeyPatch) -> None:
    """Send Django's signal of tests with every Jinja2 page: `response.context` then holds what the page was given."""
    plain = Template.render

    def told(self: Template, context: dict[str, Any] | None = None, request: Any = None) -> str:
        template_rendered.send(sender=self, template=self, context=dict(context or {}))
        return str(plain(self, context, request))

    patch.setattr(Template, "render", told)
