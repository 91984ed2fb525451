"""The pages of the rates: who reads them, that their numbers lead somewhere, and what everybody sees."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from banyan.apps.accounts import actions as accounts
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.models import RateExclusion, ServiceRequest
from banyan.apps.service_requests.pages import rates as pages
from banyan.apps.service_requests.queries.rates import By
from banyan.apps.service_requests.rules.rates import Rate
from banyan.kit.guard import Channel
from tests.contexts import client, let_contexts_be_seen
from tests.towns import SmallTown


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    let_contexts_be_seen(monkeypatch)
    pages._of_the_hour.cache_clear()
    yield
    pages._of_the_hour.cache_clear()


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def _busy(town: SmallTown, *, n: int = 12) -> list[Any]:
    """Report requests that were answered at once, a third of them late and a quarter rated well."""
    at = timezone.now() - timedelta(days=3)
    made = [town.report(at=at).id for _ in range(n)]
    with town.scope():
        for i, request_id in enumerate(made):
            ServiceRequest.objects.filter(id=request_id).update(
                response_due_at=at + timedelta(hours=1),
                responded_at=at + timedelta(hours=0 if i % 3 else 2),
                resolved_at=at + timedelta(hours=3),
                status="closed",
                party_id=town.parties["great_property"],
                rating=5 if i % 4 == 0 else None,
            )
    return made


@pytest.mark.parametrize(
    ("key", "status"),
    [
        *(("coordinator", 200), ("manager", 200), ("auditor", 200), ("property_manager", 200)),
        *(("worker", 403), ("resident", 403), ("operator", 403)),
    ],
)
def test_the_rates_open_to_those_who_coordinate_and_oversee(small_town: SmallTown, key: str, status: int):
    for path in ("rates/", "rates/rates.csv", "rates/list/?rate=response&which=counted"):
        assert client(small_town, key).get(_at(small_town, path)).status_code == status, path


def test_a_stranger_is_sent_to_sign_in_and_reads_the_totals(small_town: SmallTown):
    assert client(small_town).get(_at(small_town, "rates/")).status_code == 302
    assert client(small_town).get(_at(small_town, "rates/public/")).status_code == 200


@pytest.mark.parametrize("by", [*map(str, By), "person"])
def test_every_link_of_the_table_leads_to_as_many_requests_as_it_says(small_town: SmallTown, by: str):
    _busy(small_town)
    manager = client(small_town, "manager")
    page = manager.get(_at(small_town, f"rates/?by={by}")).content.decode()

    links = set(re.findall(r'href="([^"]*rates/list/[^"]*which=[a-z]+[^"]*)"[^>]*>(.*?)</a>', page))
    assert len(links) >= 6
    for href, shown in links:
        n = int(re.findall(r"\d+", re.sub(r"<[^>]+>", " ", shown))[-1])
        behind = manager.get(unescape(href))
        assert len(behind.context["entries"]) == n, (href, shown)


def test_the_board_behind_a_unit_knows_it(small_town: SmallTown):
    _busy(small_town)
    manager = client(small_town, "manager")
    hrefs = manager.get(_at(small_town, "rates/?by=unit")).context["board_hrefs"]
    assert hrefs
    for key, href in hrefs.items():
        assert manager.get(href).context["asked"].party == key


def test_the_table_can_be_sorted_by_every_column(small_town: SmallTown):
    _busy(small_town)
    manager = client(small_town, "manager")
    for sort in ("name", "n", "score", *map(str, Rate)):
        for falling in ("", "1"):
            answer = manager.get(_at(small_town, f"rates/?by=group&sort={sort}&falling={falling}"))
            assert answer.status_code == 200
            assert f'aria-sort="{"descending" if falling else "ascending"}"' in answer.content.decode()


def test_days_that_cannot_be_are_told_and_the_page_stays(small_town: SmallTown):
    manager = client(small_town, "manager")
    answer = manager.get(_at(small_town, "rates/?from=2026-03-02&until=2026-02-30"))
    assert answer.status_code == 422
    assert "2026-03-18" in answer.content.decode()
    assert manager.get(_at(small_town, "rates/?from=0001-01-01&until=9999-12-31")).status_code == 422


def test_a_number_that_is_none_of_ours_is_not_found(small_town: SmallTown):
    manager = client(small_town, "manager")
    for query in ("", "rate=x&which=counted", "rate=response&which=x", "rate=response&which=counted&key=x"):
        assert manager.get(_at(small_town, f"rates/list/?{query}")).status_code == 404, query
    assert manager.get(_at(small_town, "rates/rates.pdf")).status_code == 404


def test_the_file_says_what_the_page_says(small_town: SmallTown):
    _busy(small_town)
    table = client(small_town, "manager").get(_at(small_town, "rates/rates.csv?by=unit")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["key"] for row in rows] == ["*", str(small_town.parties["great_property"])]
    assert (rows[0]["n"], rows[0]["response_n"], rows[0]["response_of"]) == ("12", "8", "12")
    assert float(rows[1]["response_share"]) == pytest.approx(8 / 12, abs=1e-4)
    assert (rows[1]["satisfaction_of"], rows[1]["satisfaction_share"], rows[1]["score"]) == ("3", "", "")


def test_an_empty_town_says_so(small_town: SmallTown):
    page = client(small_town, "manager").get(_at(small_town, "rates/"), headers={"Accept-Language": "en"})
    assert "No requests in this period" in page.content.decode()


def test_everybody_reads_no_unit_no_place_and_no_share_of_few(small_town: SmallTown):
    _busy(small_town)
    small_town.report(service_code="leak", at=timezone.now() - timedelta(days=1))
    answer = client(small_town).get(_at(small_town, "rates/public/"), headers={"Accept-Language": "en"})
    page = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    assert [line.key for line in answer.context["lines"]] == ["lighting"]
    for name in ("Great Banyan Property", "大榕树物业", "North", "Water", "rates/list"):
        assert name not in page


def test_everybody_is_counted_for_once_in_an_hour(small_town: SmallTown):
    _busy(small_town)
    first = client(small_town).get(_at(small_town, "rates/public/?period=days_30")).context["report"]
    assert client(small_town).get(_at(small_town, "rates/public/?period=days_30")).context["report"] is first


def test_a_manager_leaves_a_request_out_and_takes_it_in_again_on_the_pages(small_town: SmallTown):
    request_id = _busy(small_town)[0]
    manager = client(small_town, "manager")
    own = _at(small_town, f"requests/{request_id}/staff/rates/")
    assert own in manager.get(_at(small_town, f"requests/{request_id}/")).content.decode()

    refused = manager.post(own, {"reason": "  "})
    assert refused.status_code == 422
    assert manager.post(own, {"reason": "台风「海葵」期间停工"}).status_code == 302
    assert "台风「海葵」期间停工" in client(small_town, "auditor").get(_at(small_town, "rates/")).content.decode()
    assert manager.get(own).context["is_left_out"]

    with small_town.scope():
        row = RateExclusion.objects.get()
    lift = _at(small_town, f"rates/exclusions/{row.id}/lift/")
    assert client(small_town, "coordinator").post(lift).status_code == 403
    assert manager.post(lift).status_code == 302
    with small_town.scope():
        assert RateExclusion.objects.get().lifted_at is not None


def test_a_return_is_told_with_its_unit_and_its_reason(small_town: SmallTown):
    at = timezone.now() - timedelta(days=1)
    request_id = small_town.report(at=at).id
    small_town.walk(request_id, until="dispatched", at=at)
    small_town.step(request_id, "return", "worker", at=at, reason="不属于我们的设施")
    with small_town.scope():
        ServiceRequest.objects.filter(id=request_id).update(n_returned=1)
    (told,) = client(small_town, "manager").get(_at(small_town, "rates/")).context["returns"]
    assert (told["reason"], told["party"].code) == ("不属于我们的设施", "great_property")


def test_new_rules_change_what_everybody_reads_at_once(small_town: SmallTown):
    _busy(small_town)
    before = client(small_town).get(_at(small_town, "rates/public/")).context["report"]
    with small_town.scope():
        body = {**before.rules, "exclusions": [{"reason": "x", "service_codes": ["lamp"]}]}
        actions.publish_rules(
            actor=small_town.actor("manager"), town=small_town.town, subject="rates", body=body, at=timezone.now()
        )
    after = client(small_town).get(_at(small_town, "rates/public/")).context["report"]
    assert (before.total.counts.n_counted, after.total.counts.n_counted) == (12, 0)


def _asked(town: SmallTown, key: str, query: str) -> Any:
    with town.scope():
        actor = town.actor(key, channel=Channel.CLI)
        token = accounts.issue_token(actor=actor, town=town.town, name="test", at=timezone.now())
    path = f"/api/v1/towns/{town.town.slug}/rates?{query}"
    return client(town).get(path, headers={"Authorization": f"Bearer {token}"})


def test_the_api_says_what_the_page_says(small_town: SmallTown):
    _busy(small_town)
    today = timezone.localdate()
    query = f"from_on={today - timedelta(days=20)}&until_on={today}"
    told = _asked(small_town, "manager", query).json()
    assert (told["total"]["n"], told["total"]["rates"]["response"]["n"]) == (12, 8)
    assert [line["key"] for line in told["items"]] == [str(small_town.parties["great_property"])]
    assert "returned" in told["total"]["rates"] and "returned" not in told["items"][0]["rates"]
    assert _asked(small_town, "resident", query).status_code == 403
    for wrong in ("from_on=x&until_on=y", "from_on=2026-02-30&until_on=2026-03-01", query + "&by=person"):
        assert _asked(small_town, "manager", wrong).status_code == 422, wrong
