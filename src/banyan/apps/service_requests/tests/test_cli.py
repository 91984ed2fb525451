"""The command line acts and reads with the rights of the account it names, and with no others."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from banyan.apps.service_requests import actions
from banyan.faces.cli import main
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def test_internal_words_are_shown_to_the_staff_and_not_to_the_reporter(small_town: SmallTown) -> None:
    received = small_town.report()
    words = {"town": small_town.town, "service_request_id": received.id, "at": NOW}
    with small_town.scope():
        actor = small_town.actor("coordinator")
        actions.comment(actor=actor, text="住户电话打不通", is_internal=True, **words)
        actions.comment(actor=actor, text="明天来看", **words)

    def shown(key: str) -> str:
        said = ["requests", "show", str(received.id), "--town", small_town.town.slug, "--as", small_town.emails[key]]
        return CliRunner().invoke(main, said, catch_exceptions=False).output

    assert "住户电话打不通" in shown("coordinator")
    assert "住户电话打不通" not in shown("resident")
    assert "明天来看" in shown("resident")
