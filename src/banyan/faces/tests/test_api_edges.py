"""The edge of the API: who gets in, and that every refusal is a problem, never a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from banyan.apps.accounts import actions as accounts
from banyan.kit.guard import Channel
from tests.programs import REPORT, Program, codes_of, problem_of, token_of
from tests.towns import NOW, SmallTown
from tests.towns import small_town as found_town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_counted_before(db: None) -> None:
    cache.clear()


# --- who gets in -----------------------------------------------------------------------------------------------------


def test_a_token_is_good_until_it_is_revoked(small_town: SmallTown) -> None:
    resident = Program(small_town, "resident")
    token = resident.get("/me/tokens").json()["items"][0]

    assert set(token) == {"id", "name", "created_at", "expires_at"}
    assert resident.get("/me").status_code == 200
    assert resident.delete(f"/me/tokens/{token['id']}").status_code == 204
    assert problem_of(resident.get("/me"), status=401)["code"] == "accounts.token_unknown"
    assert resident.get("/me").headers["WWW-Authenticate"] == "Bearer"


def test_a_token_opens_one_town_only(small_town: SmallTown) -> None:
    other = found_town()
    token = token_of(small_town, "manager")
    headers = {"Authorization": f"Bearer {token}"}

    at_home = Client().get(f"/api/v1/towns/{small_town.town.slug}/roles", headers=headers)
    abroad = Client().get(f"/api/v1/towns/{other.town.slug}/roles", headers=headers)

    assert at_home.status_code == 200
    problem_of(abroad, status=401)


def test_an_expired_or_broken_token_is_refused_even_where_anyone_may_read(small_town: SmallTown) -> None:
    with small_town.scope():
        actor = small_town.actor("resident", channel=Channel.API)
        past = timezone.now() - timedelta(minutes=1)
        expired = accounts.issue_token(actor=actor, town=small_town.town, name="old", at=NOW, expires_at=past)

    for given in (f"Bearer {expired}", "Bearer bny_nothing", "Bearer", "Basic cmVzaWRlbnQ6eA==", "Bearer \xff\xfe"):
        response = Program(small_town, headers={"Authorization": given}).get("/services")
        assert problem_of(response, status=401)["code"] == "accounts.token_unknown", given
    assert Program(small_town).get("/services").status_code == 200


def test_the_session_of_a_browser_counts_for_nothing(small_town: SmallTown) -> None:
    from banyan.apps.accounts.models import Account

    browser = Client(enforce_csrf_checks=True)
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    browser.force_login(Account.objects.get(id=small_town.accounts["manager"]), backend=backend)
    role = {"account_id": str(small_town.accounts["neighbour"]), "role": "manager"}

    refused = browser.post(f"/api/v1/towns/{small_town.town.slug}/roles", role, content_type="application/json")
    allowed = Program(small_town, "manager").post("/roles", role)

    problem_of(refused, status=401)
    assert allowed.status_code == 201


def test_whoever_knows_the_tracking_number_acts_as_the_reporter_of_that_request_only(small_town: SmallTown) -> None:
    first, second = Program(small_town).report(), Program(small_town).report()
    bearer = Program(small_town, headers={"X-Tracking-Number": first["tracking_number"].lower().replace("-", " ")})

    assert [row["id"] for row in bearer.get("/service_requests", view="mine").json()["items"]] == [first["id"]]
    assert bearer.get(f"/service_requests/{first['id']}").json()["access"] == "full"
    assert bearer.post(f"/service_requests/{first['id']}/comments", {"text": "还没好"}).status_code == 201
    assert bearer.get(f"/service_requests/{second['id']}").json()["access"] == "public"
    problem_of(bearer.post(f"/service_requests/{second['id']}/comments", {"text": "x"}), status=404)
    problem_of(bearer.get("/me"), status=401)


def test_whoever_guesses_tracking_numbers_has_to_wait(small_town: SmallTown) -> None:
    known = Program(small_town).report()["tracking_number"]
    wrong = [Program(small_town, headers={"X-Tracking-Number": f"0000-0000-{i:02d}"}) for i in range(21)]

    answers = [program.get("/services") for program in wrong]
    late = Program(small_town, headers={"X-Tracking-Number": known}).get("/services")

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert problem_of(late, status=429)["code"] == "banyan.too_many_tries"
    assert int(late.headers["Retry-After"]) > 0
    assert Program(small_town).get("/services").status_code == 200


def test_one_address_reports_so_often_without_a_token_and_no_more(small_town: SmallTown, settings: Any) -> None:
    settings.REPORTS_PER_HOUR = 3

    anonymous = [Program(small_town).post("/service_requests", REPORT) for _ in range(5)]
    known = [Program(small_town, "resident").post("/service_requests", REPORT) for _ in range(5)]

    assert [answer.status_code for answer in anonymous] == [201] * 3 + [429] * 2
    assert [answer.status_code for answer in known] == [201] * 5
    settings.REPORTS_PER_HOUR = 0
    assert Program(small_town).post("/service_requests", REPORT).status_code == 201


def test_the_last_manager_stays_whoever_asks(small_town: SmallTown) -> None:
    manager = Program(small_town, "manager")
    [held] = manager.get("/roles", role="manager").json()["items"]
    in_part = {"account_id": str(small_town.accounts["neighbour"]), "role": "manager", "place_code": "north"}
    manager.post("/roles", in_part)

    last = manager.delete(f"/roles/{held['id']}")
    manager.post("/roles", {"account_id": str(small_town.accounts["neighbour"]), "role": "manager"})
    followed = manager.delete(f"/roles/{held['id']}")

    assert problem_of(last, status=409)["code"] == "accounts.last_manager"
    assert followed.status_code == 204


@pytest.mark.parametrize("key", ["resident", "worker", "coordinator", "auditor", "operator", ""])
def test_only_a_manager_gives_and_ends_roles(small_town: SmallTown, key: str) -> None:
    role = {"account_id": str(small_town.accounts["neighbour"]), "role": "coordinator", "place_code": "n1"}

    refused = Program(small_town, key).post("/roles", role)
    given = Program(small_town, "manager").post("/roles", role)
    not_ended = Program(small_town, key).delete(f"/roles/{given.json()['id']}")
    before = Program(small_town, "neighbour").get("/me").json()["roles"]
    ended = Program(small_town, "manager").delete(f"/roles/{given.json()['id']}")
    after = Program(small_town, "neighbour").get("/me").json()["roles"]

    problem_of(refused, status=403 if key else 401)
    problem_of(not_ended, status=403 if key else 401)
    assert (given.status_code, ended.status_code) == (201, 204)
    assert {grant["role"] for grant in before} == {"resident", "coordinator"}
    assert {grant["role"] for grant in after} == {"resident"}


def test_a_role_for_nobody_nowhere_is_refused_with_every_reason(small_town: SmallTown) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    manager = Program(small_town, "manager")

    refused = manager.post("/roles", {"account_id": nobody, "role": "worker", "place_code": "z9", "party_id": nobody})
    bare = manager.post("/roles", {"account_id": nobody, "role": "worker"})

    assert codes_of(refused) == {("place_code", "unknown"), ("party_id", "unknown"), ("account_id", "unknown")}
    assert codes_of(bare) == {("party_id", "required"), ("account_id", "unknown")}


# --- every refusal is a problem --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v2/towns",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/towns/",
        "/api/v1/towns/no-such-town",
        "/api/v1/towns/A_B/places",
    ],
)
def test_an_unknown_address_is_a_problem(path: str) -> None:
    problem_of(Client().get(path), status=404)


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(small_town: SmallTown) -> None:
    response = Program(small_town).delete("/service_requests")

    assert problem_of(response, status=405)["code"] == "http.method_not_allowed"
    assert response.headers["Allow"] == "GET, POST"


def test_what_cannot_be_read_is_a_problem(small_town: SmallTown) -> None:
    anyone = Program(small_town, "resident")

    broken = anyone.post("/service_requests", b'{"service_code": "lamp"')
    latin = anyone.post("/service_requests", '{"description": "Straße"}'.encode("latin-1"))
    surrogate = anyone.post("/service_requests", b'{"description": "\\ud800"}')
    nan = anyone.post("/service_requests", b'{"lon": NaN}')
    deep = anyone.post("/service_requests", b"[" * 100_000)
    form = anyone.upload("/service_requests", REPORT)
    empty = anyone.post("/service_requests", b"")
    listed = anyone.post("/service_requests", [REPORT])
    packed = anyone.client.post(
        f"{anyone.root}/service_requests/{small_town.town.id}/photos",
        b"no boundary",
        content_type="multipart/form-data",
        headers=anyone.headers,
    )

    for response in (broken, latin, surrogate, nan, deep):
        assert problem_of(response, status=400)["code"] == "http.broken_json"
    assert problem_of(form, status=400)["code"] == "http.wrong_content_type"
    assert problem_of(packed, status=400)
    assert codes_of(empty) == {("", "required")}
    assert codes_of(listed) == {("", "type")}


@pytest.mark.parametrize("query", ["words=%00", "words=%ff", "words=%ed%a0%80", "%00=1", "cursor=%c3%28"])
def test_an_address_that_is_no_text_is_a_problem(small_town: SmallTown, query: str) -> None:
    response = Client().get(f"/api/v1/towns/{small_town.town.slug}/service_requests?{query}")

    assert problem_of(response, status=400)["code"] == "http.bad_request"


def test_characters_that_are_no_text_are_refused_in_every_field(small_town: SmallTown) -> None:
    words = ("service_code", "description", "address", "place_code", "contact_name", "contact_phone", "contact_email")
    resident = Program(small_town, "resident")

    refused = resident.post("/service_requests", REPORT | dict.fromkeys(words, "a\x00b"))

    assert codes_of(refused) == {(word, "not_text") for word in words}


def test_a_body_that_is_too_large_is_a_problem(small_town: SmallTown) -> None:
    resident = Program(small_town, "resident")

    too_long = resident.post("/service_requests", REPORT | {"description": "长" * 4001})
    too_large = resident.post("/service_requests", REPORT | {"description": "长" * 1_000_000})
    with_key = resident.post("/service_requests", REPORT | {"description": "长" * 1_000_000}, Idempotency_Key="k" * 20)

    assert codes_of(too_long) == {("description", "too_long")}
    assert problem_of(too_large, status=413)["code"] == "http.too_large"
    problem_of(with_key, status=413)


@pytest.mark.parametrize(("length", "status"), [("9" * 30, 413), ("100000000", 413), ("many", 400), ("-1", 400)])
def test_a_length_that_cannot_be_is_a_problem(small_town: SmallTown, length: str, status: int) -> None:
    address = f"/api/v1/towns/{small_town.town.slug}/service_requests"

    response = Client().generic("POST", address, b"{}", content_type="application/json", CONTENT_LENGTH=length)

    problem_of(response, status=status)


def test_a_host_that_is_not_ours_is_a_problem(small_town: SmallTown) -> None:
    response = Client().get(f"/api/v1/towns/{small_town.town.slug}/services", headers={"Host": "evil.example"})

    problem_of(response, status=400)


def test_problems_speak_the_language_of_the_reader(small_town: SmallTown) -> None:
    english = Program(small_town).get("/service_requests", limit=0)
    chinese = Program(small_town, headers={"Accept-Language": "zh-Hans"}).get("/service_requests", limit=0)

    assert problem_of(english, status=422)["problems"][0]["sentence"] == "At least 1."
    assert chinese.headers["Content-Language"] == "zh-hans"
    assert problem_of(chinese, status=422)["problems"][0]["sentence"] != "At least 1."


def test_a_defect_of_ours_is_a_problem_without_a_word_of_its_inside(
    small_town: SmallTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    from banyan.apps.service_requests import queries

    def broken(*_args: object, **_words: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(queries, "listed", broken)
    program = Program(small_town)
    program.client.raise_request_exception = False

    response = program.get("/service_requests")

    assert problem_of(response, status=500)["code"] == "banyan.failure"
    assert b"secret" not in response.content
