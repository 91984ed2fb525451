"""The definition of the interface in OpenAPI 3.0, as clause 7.3 wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banyan.apps.territory.queries import Town
from banyan.faces.ogc.holdings import Holding


def openapi(home: str, *, town: Town, found: Mapping[str, Holding], most: int, usual: int) -> dict[str, Any]:
    """Return the definition for one town; each collection has a path of its own, with what may narrow it."""
    paths: dict[str, Any] = {
        "/": _get("getLandingPage", "landing page"),
        "/conformance": _get("getConformance", "conformance"),
        "/collections": _get("getCollections", "collections"),
    }
    for holding in found.values():
        here, name = f"/collections/{holding.id}", holding.id.replace("-", "_")
        narrowing = [_argument(one, {"type": "string"}) for one in holding.queryables]
        paths[here] = _get(f"describe_{name}", "one collection")
        paths[f"{here}/items"] = _get(f"get_{name}", "features", [*_common(most, usual), *narrowing])
        paths[f"{here}/items/{{featureId}}"] = _get(f"getOne_{name}", "one feature", [_feature_id()])
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{town.name_en}: OGC API - Features", "version": "1.0.0"},
        "servers": [{"url": home.rstrip("/")}],
        "paths": paths,
    }


def _get(operation: str, what: str, arguments: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    responses = {"200": {"description": what}, "400": {"description": "an argument is wrong"}}
    return {"get": {"operationId": operation, "summary": what, "parameters": arguments or [], "responses": responses}}


def _argument(name: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _common(most: int, usual: int) -> list[dict[str, Any]]:
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    return [
        _argument("bbox", numbers, style="form", explode=False),
        _argument("datetime", {"type": "string"}),
        _argument("limit", {"type": "integer", "minimum": 1, "maximum": most, "default": usual}),
        _argument("offset", {"type": "integer", "minimum": 0, "default": 0}),
    ]


def _feature_id() -> dict[str, Any]:
    return {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
