"""The service catalogue that travels with the demonstration town."""

import re
from collections import Counter

from banyan.apps.parties.rules import PartyKind
from banyan.apps.service_requests.actions.catalogue import NewService, catalogue_problems
from banyan.apps.service_requests.rules import CLOCKS, Urgency
from banyan.demo.catalogue import document, services
from banyan.demo.requests_model import phrases
from banyan.demo.requests_model.parameters import HOURS, MIX, RAIN

HAN = re.compile("[\u4e00-\u9fff]")


def test_the_file_says_what_it_is_and_where_it_comes_from():
    found = document()

    assert set(found) == {"catalogue", "version", "source", "services"}
    assert len(found["services"]) == len(services()) >= 60


def test_the_platform_takes_every_service_as_it_stands():
    assert catalogue_problems([NewService(**fields) for fields in document()["services"]]) == []


def test_codes_are_stable_ascii_and_used_once():
    codes = [service.code for service in services()]

    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z][a-z_]{2,39}", code) for code in codes)


def test_every_word_stands_in_both_languages():
    for service in services():
        for name in ("group", "name", "description", "keywords"):
            assert HAN.search(getattr(service, f"{name}_zh")), service.code
            assert getattr(service, f"{name}_en").isascii(), service.code
            assert getattr(service, f"{name}_en").strip(), service.code


def test_a_group_has_one_name_and_all_seven_kinds_are_offered():
    groups = {(service.group, service.group_zh, service.group_en) for service in services()}

    assert len(groups) == len({group for group, _, _ in groups}) == 20
    assert set(Counter(service.kind for service in services())) == {
        "repair", "complaint", "need", "suggestion", "hazard", "enquiry", "praise"
    }  # fmt: skip


def test_more_urgent_is_never_slower_and_the_whole_is_its_stages():
    for service in services():
        assert set(service.targets) == set(Urgency)
        for stage in CLOCKS:
            minutes = [service.targets[urgency][stage] for urgency in Urgency]

            assert minutes == sorted(minutes), (service.code, stage)
        for targets in service.targets.values():
            assert targets["whole"] == sum(targets[stage] for stage in CLOCKS if stage != "whole")


def test_danger_is_dispatched_within_an_hour_and_utilities_within_two():
    for service in services():
        for urgency in ("emergency", "high"):
            desk = service.targets[urgency]["triage"] + service.targets[urgency]["dispatch"]
            if "danger to life" in service.source:
                assert desk <= 60
            if "water, power, gas" in service.source:
                assert desk <= 120
        assert "illustration" in service.source


def test_every_service_has_a_responsible_kind_of_party_and_a_place_in_the_model():
    kinds = {str(kind) for kind in PartyKind}
    codes = {service.code for service in services()}

    assert all(service.responsible_kinds and set(service.responsible_kinds) <= kinds for service in services())
    assert set(MIX) == codes == phrases.services()
    assert set(RAIN) <= codes
    assert len(HOURS) == 24
