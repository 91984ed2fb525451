"""The contract of the API is what was promised, and no request that schemathesis can think of breaks it.

In process over WSGI, with right and wrong words, as somebody unknown, a resident, a coordinator and a manager.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as bounds
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import banyan.faces.api
from banyan.faces.api import api
from banyan.faces.api.contract import NOT_REPEATED, as_text
from tests.programs import Program, token_of
from tests.towns import SmallTown
from tests.trust.api_town import Alive, alive, narrowed, picture

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


def _strategy(operation: Any, *, is_exact: bool) -> st.SearchStrategy[Any]:
    modes = schemathesis.GenerationMode
    kinds = [operation.as_strategy(generation_mode=modes.POSITIVE)]
    if is_exact:  # other words than these may well be right: wrong ones are sent where the whole contract holds
        return kinds[0]
    has_words = operation.body or any(one.location.value != "path" for one in operation.iter_parameters())
    if has_words:
        kinds.append(operation.as_strategy(generation_mode=modes.NEGATIVE))
    return st.one_of(kinds)


@pytest.mark.django_db(transaction=True)
@pytest.mark.sqlite
@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_the_api_and_every_operation_is_reached(small_town: SmallTown, settings: Any) -> None:
    settings.REPORTS_PER_HOUR = 0
    held = alive(small_town)
    statuses: dict[str, Counter[int]] = defaultdict(Counter)
    for role in ROLES:
        headers = {"Authorization": f"Bearer {token_of(small_town, role)}"} if role else {}
        for meant in (True, False):
            schema = schemathesis.openapi.from_dict(narrowed(api.get_openapi_schema(), held, meant=meant))
            schema.app = _from_an_address
            for found in schema.get_all_operations():
                operation = found.ok()
                name = operation.definition.raw["operationId"]
                is_exact = meant and (name in held.bodies or name in held.addresses)
                _meet(operation, headers, statuses[name], is_exact=is_exact)
    statuses["add_part_photos"][_with_a_photo(small_town, held)] += 1

    reached = {name for name, met in statuses.items() if set(met) - {405}}
    welcomed = {name for name, met in statuses.items() if any(status < 300 for status in met)}
    n_sent = sum(sum(met.values()) for met in statuses.values())
    n_operations = len(list(operations()))
    print(f"{n_sent} requests, {len(reached)} of {n_operations} operations reached, {len(welcomed)} welcomed")
    print({name: dict(met) for name, met in statuses.items() if name not in welcomed})
    assert reached == {operation["operationId"] for _, _, operation in operations()}
    assert welcomed == reached


def _from_an_address(environ: dict[str, Any], start_response: Any) -> Any:
    """Ask the application as a server does, which always knows from where somebody calls: some limits hold for that."""
    from banyan.faces.wsgi import application

    return application(environ | {"REMOTE_ADDR": "127.0.0.1"}, start_response)


def _with_a_photo(small_town: SmallTown, held: Alive) -> int:
    """Send a photo as it is taken, which random bytes never are, and return the status of the answer."""
    where = held.addresses["add_part_photos"]
    path = f"/service_requests/{where['service_request_id'][0]}/parts/{where['part_id'][0]}/photos"
    photo = SimpleUploadedFile("after.png", picture(), content_type="image/png")
    return Program(small_town, "coordinator").upload(path, {"photos": photo}).status_code


def _meet(operation: Any, headers: dict[str, str], met: Counter[int], *, is_exact: bool) -> None:
    @seed(20260318)
    @bounds(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_strategy(operation, is_exact=is_exact))
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
