"""Who works and lives in the demonstration town."""

import re
from collections import Counter

import pytest

from banyan.apps.parties.rules import PartyKind
from banyan.demo.catalogue import services
from banyan.demo.names import Name
from banyan.demo.parties import Organisation, Party, organise
from banyan.demo.tests.towns import town_of
from banyan.kit.guard import Role


@pytest.fixture(scope="module")
def town():
    return town_of(7)


@pytest.fixture(scope="module")
def organisation(town):
    return organise(town)


def test_the_promised_parties_are_there(town, organisation):
    kinds = Counter(party.kind for party in organisation.parties)

    assert set(kinds) <= {str(kind) for kind in PartyKind}
    assert kinds["residents_committee"] == 4
    assert kinds["village_committee"] == 1
    assert kinds["property_company"] == 3
    assert kinds["contractor"] == 4
    assert kinds["service_station"] == kinds["town_office"] == kinds["safety"] == kinds["municipal"] == 1
    assert kinds["owners_committee"] == sum(bool(estate.property_company) for estate in town.estates) >= 15


def test_parties_answer_for_places_that_exist(town, organisation):
    places = {community.code for community in town.communities} | {grid.code for grid in town.grids}

    assert all(party.answers_for for party in organisation.parties)
    assert {place for party in organisation.parties for place, _ in party.answers_for} <= places


def test_for_every_service_somebody_answers_in_every_grid_and_has_hands(town, organisation):
    for service in services():
        for grid in town.grids:
            chain = (grid.code, grid.community)
            party = organisation.answering(chain, kinds=service.responsible_kinds, topic=service.group)

            assert organisation.of_party(party), (service.code, grid.code)


def test_the_nearer_duty_and_the_topic_go_first():
    def party(code, *duties, kind="contractor"):
        return Party(code, kind, Name(code, code), "", duties)

    organisation = Organisation(
        (
            party("wide", ("south", "")),
            party("lamps", ("south", "lamps")),
            party("near", ("G1", "")),
            party("office", ("G1", ""), kind="town_office"),
        ),
        (),
        (),
    )

    assert organisation.answering(("G1", "south"), kinds=("contractor", "town_office"), topic="lamps") == "near"
    assert organisation.answering(("G2", "south"), kinds=("contractor",), topic="lamps") == "lamps"
    assert organisation.answering(("G2", "south"), kinds=("contractor",), topic="lifts") == "wide"
    assert organisation.answering(("G1", "south"), kinds=("town_office", "contractor"), topic="lamps") == "office"
    assert organisation.answering(("G2", "south"), kinds=("safety",), topic="lamps") == ""


def test_each_role_has_one_demonstration_account_with_a_fixed_address(organisation):
    shown = [*filter(lambda m: m.is_demonstration, organisation.staff)]
    residents = [*filter(lambda r: r.is_demonstration, organisation.residents)]

    assert {member.role for member in shown} | {"resident"} == {str(role) for role in Role}
    assert {(m.role, m.email) for m in shown} == {(m.role, f"{m.role}@example.org") for m in shown}
    assert [(r.email, r.phone) for r in residents] == [("resident@example.org", "+99900000001")]


def test_nobody_can_be_called_or_written_to(organisation):
    everyone = [*organisation.staff, *organisation.residents]

    assert all(re.fullmatch(r"\+999\d{8}", one.phone) for one in everyone)
    assert all(one.email.endswith("@example.org") for one in everyone)
    assert len({one.phone for one in everyone}) == len({one.email for one in everyone}) == len(everyone)
    assert len({one.key for one in everyone}) == len(everyone)


def test_residents_live_behind_doors_that_exist_one_behind_each(town, organisation):
    doors = {building.code: set(building.dwellings()) for building in town.buildings}
    homes = [(resident.building, resident.dwelling) for resident in organisation.residents]

    assert len(homes) == len(set(homes)) == 900
    assert all(dwelling in doors[building] for building, dwelling in homes)
    assert any(r.is_tenant for r in organisation.residents) and any(r.language == "en" for r in organisation.residents)


def test_the_same_town_has_the_same_people(town, organisation):
    assert organise(town) == organisation
    assert organise(town_of(1)).residents != organisation.residents
