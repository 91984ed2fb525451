"""The contract of the API is what was promised, and no request that schemathesis can think of breaks it.

In process over WSGI, with right and wrong words, as somebody unknown, a resident, a coordinator and a manager.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as bounds
from hypothesis import strategies as st
from PIL import Image
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import banyan.faces.api
from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import actions
from banyan.faces.api import api
from banyan.faces.api.contract import NOT_REPEATED, as_text
from tests.programs import Program, token_of
from tests.towns import NOW, SmallTown

ROLES: Final = ("", "resident", "coordinator", "manager")
#: Requests of each kind to each operation in each role.
EXAMPLES: Final = 10
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SNAPSHOT: Final = Path(banyan.faces.api.__file__).with_name("openapi.json")
_WRITES: Final = {"post", "put", "patch", "delete"}
_INSIDE: Final = {
    "lon": {"type": "number", "minimum": 113.301, "maximum": 113.399},
    "lat": {"type": "number", "minimum": 23.001, "maximum": 23.099},
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_contract_is_what_was_promised(snapshot: Callable[[str, Path], None]) -> None:
    snapshot(as_text(), SNAPSHOT)


def test_every_write_takes_an_idempotency_key() -> None:
    without = {
        operation["operationId"]
        for _, method, operation in operations()
        if method in _WRITES and "Idempotency-Key" not in {one["name"] for one in operation["parameters"]}
    }

    assert without == NOT_REPEATED


def test_every_operation_says_what_it_is_for_and_how_it_refuses() -> None:
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        assert "4XX" in operation["responses"], (path, method)
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)


# --- schemathesis ----------------------------------------------------------------------------------------------------


def _alive(small_town: SmallTown) -> dict[str, list[Any]]:
    """Return values of each path parameter that lead somewhere."""
    requests = [small_town.report(contact_name="王一", contact_phone="13800000000").id for _ in range(3)]
    for request in requests[1:]:
        small_town.walk(request, until="resolved")
    with small_town.scope():
        manager, resident = small_town.actor("manager"), small_town.actor("resident")
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), "orange").save(picture, "PNG")
        photos = actions.add_photos(
            actor=resident, town=small_town.town, service_request_id=requests[0], photos=[picture.getvalue()],
            moment="report", at=NOW,
        )  # fmt: skip
        audit.seal(at=NOW + timedelta(days=1))
        role = accounts.grant(
            actor=manager, town=small_town.town, account_id=small_town.accounts["neighbour"], role="auditor", at=NOW
        )
        accounts.issue_token(actor=resident, town=small_town.town, name="spare", at=NOW)
        tokens = account_queries.tokens_of(small_town.accounts["resident"], town_id=small_town.town.id, at=NOW)
    return {
        "town": [small_town.town.slug],
        "service_request_id": [str(one) for one in requests],
        "photo_id": [str(photo.id) for photo in photos],
        "party_id": [str(one) for one in small_town.parties.values()],
        "membership_id": [str(role.id)],
        "token_id": [str(token.id) for token in tokens],
        "code": ["n1", "lamp", "north"],
        "account_id": [str(small_town.accounts["neighbour"])],
    }


def _narrowed(contract: dict[str, Any], alive: dict[str, list[Any]], *, meant: bool) -> dict[str, Any]:
    """Return the contract with addresses that lead somewhere and, where they are meant, bodies that make sense here."""
    found = deepcopy(contract)
    schemas = found["components"]["schemas"]
    for methods in found["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "X-Tracking-Number"]
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in alive:
                    parameter["schema"] = {"type": "string", "enum": alive[parameter["name"]]}
                elif meant and parameter["name"] in _INSIDE:
                    parameter["schema"] = _INSIDE[parameter["name"]]
    if meant:
        schemas["ReportIn"]["properties"] |= _INSIDE | {
            "service_code": {"enum": ["lamp", "leak", "idea"]},
            "coordinate_system": {"enum": ["wgs84"]},
            "place_code": {"enum": ["", "n1"]},
            "contact_phone": {"enum": ["", "13800000000"]},
            "contact_email": {"enum": ["", "a@example.org"]},
        }
        schemas["ReportIn"]["required"] += ["lon", "lat"]
        _keep(schemas["StepIn"], {"step": {"enum": ["triage"]}, "version": {"enum": [1]}})
        _keep(schemas["RatingIn"], {"rating": {"enum": [5]}, "version": {"enum": [6]}})
        _keep(schemas["GrantIn"], {"account_id": {"enum": alive["account_id"]}, "role": {"enum": ["coordinator"]}})
    return found


def _keep(schema: dict[str, Any], properties: dict[str, Any]) -> None:
    schema["properties"], schema["required"] = properties, list(properties)


def _strategy(operation: Any) -> st.SearchStrategy[Any]:
    modes = schemathesis.GenerationMode
    kinds = [operation.as_strategy(generation_mode=modes.POSITIVE)]
    has_words = operation.body or any(one.location.value != "path" for one in operation.iter_parameters())
    if has_words:
        kinds.append(operation.as_strategy(generation_mode=modes.NEGATIVE))
    return st.one_of(kinds)


@pytest.mark.django_db(transaction=True)
@pytest.mark.sqlite
@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_the_api_and_every_operation_is_reached(small_town: SmallTown, settings: Any) -> None:
    from banyan.faces.wsgi import application

    settings.REPORTS_PER_HOUR = 0
    alive = _alive(small_town)
    statuses: dict[str, Counter[int]] = defaultdict(Counter)
    for role in ROLES:
        headers = {"Authorization": f"Bearer {token_of(small_town, role)}"} if role else {}
        for meant in (True, False):
            schema = schemathesis.openapi.from_dict(_narrowed(api.get_openapi_schema(), alive, meant=meant))
            schema.app = application
            for found in schema.get_all_operations():
                operation = found.ok()
                _meet(operation, headers, statuses[operation.definition.raw["operationId"]])

    reached = {name for name, met in statuses.items() if set(met) - {405}}
    welcomed = {name for name, met in statuses.items() if any(status < 300 for status in met)}
    n_sent = sum(sum(met.values()) for met in statuses.values())
    n_operations = len(list(operations()))
    print(f"{n_sent} requests, {len(reached)} of {n_operations} operations reached, {len(welcomed)} welcomed")
    print({name: dict(met) for name, met in statuses.items() if name not in welcomed})
    assert reached == {operation["operationId"] for _, _, operation in operations()}
    assert welcomed == reached


def _meet(operation: Any, headers: dict[str, str], met: Counter[int]) -> None:
    @seed(20260318)
    @bounds(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_strategy(operation))
    def send(case: Any) -> None:
        response = case.call(headers=headers)
        met[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            problem = json.loads(response.content)
            assert problem["status"] == response.status_code
            assert "application/problem+json" in response.headers["content-type"]

    send()


@pytest.mark.django_db(transaction=True)
def test_the_contract_is_served_as_it_was_promised() -> None:
    from django.test import Client

    response = Client().get("/api/v1/openapi.json")

    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json() == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


@pytest.mark.django_db(transaction=True)
def test_no_answer_of_the_api_sends_a_reader_to_another_house(small_town: SmallTown) -> None:
    for path in ("/docs", "/redoc", "/swagger"):
        assert Program(small_town).client.get(f"/api/v1{path}").status_code == 404
    assert "http://" not in as_text()
    assert "https://" not in as_text()
