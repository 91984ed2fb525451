"""The demonstration town announces what a visitor should see, and tells nobody of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from banyan.apps.notices import queries
from banyan.apps.notices.models import Notice
from banyan.demo import announcing
from banyan.demo.announcing import ANNOUNCED
from banyan.kit import scopes
from tests.towns import NOW, SmallTown


def test_a_town_announces_what_fits_its_places_and_nobody_is_told(
    small_town: SmallTown, monkeypatch: pytest.MonkeyPatch
):
    places = {"jiangwan": "north", "JW-02": "nowhere"}
    monkeypatch.setattr(
        announcing,
        "ANNOUNCED",
        tuple(
            announcing.Said(
                said.kind,
                places.get(said.place_code, said.place_code),
                said.from_h,
                said.until_h,
                said.published_h,
                said.titles,
                said.texts,
            )
            for said in ANNOUNCED
        ),
    )

    n = announcing.announce(small_town.town, now=NOW)

    assert n == len(ANNOUNCED) - 1
    assert not OrmQ.objects.exists()
    with scopes.town(small_town.town.id):
        stands = queries.in_force(at=NOW)
        assert [view.kind for view in stands] == ["water_cut", "policy"]
        assert len(queries.in_force(at=NOW + timedelta(days=2))) == 2
        assert not Notice.objects.exists()
