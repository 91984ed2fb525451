"""How often the report that somebody repeats stands among the first suggestions.

Measured through the query that the pages use, on the database of the environment, with the labelled set of
`banyan.demo.likeness_set`; nearness alone, within the same 200 m and 180 days, stands beside it.

    python -m benchmarks.duplicates            # BANYAN_HOME names a folder of its own
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.faces.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402

from banyan.apps.matters import actions as matters  # noqa: E402
from banyan.apps.service_requests import queries  # noqa: E402
from banyan.apps.service_requests.models import ServiceRequest  # noqa: E402
from banyan.apps.service_requests.rules.likeness import REACH_M, REACH_TIME, cell, cells_around  # noqa: E402
from banyan.apps.territory import queries as territory  # noqa: E402
from banyan.base.coordinates import LonLat, haversine_m  # noqa: E402
from banyan.base.ids import tracking_number, uuid7  # noqa: E402
from banyan.demo import geometry, likeness_set, settling  # noqa: E402
from banyan.demo import parties as organisation  # noqa: E402
from banyan.faces.cli.house import prepare_database  # noqa: E402
from banyan.kit import scopes  # noqa: E402

RANKS: Final = (1, 3, 5)
#: Share of parents among the first three that the issue asks for.
TARGET: Final = 0.75


def main() -> int:
    """Measure, print a table, and with `BANYAN_BENCH_RESULTS` write the figures down."""
    prepare_database()
    labelled = likeness_set.likeness_set()
    plan = geometry.plan_town(seed=likeness_set.SEED, scale=1.0)
    settled = settling.settle(plan, organisation.organise(plan), at=datetime(2020, 1, 1, tzinfo=UTC))
    with scopes.town(settled.town.id):
        ids = _stored(settled.town, labelled.standing)
        told = _measured(settled.town, labelled.duplicates, ids)
    told |= {"database": connection.vendor, "n_standing": len(labelled.standing)}
    print(_table(told))
    if file := os.environ.get("BANYAN_BENCH_RESULTS", ""):
        Path(file).write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0 if told["likeness"]["3"] >= TARGET else 1


def _stored(town: territory.Town, standing: Iterable[likeness_set.Labelled]) -> dict[UUID, str]:
    """Store the reports that stand in the town; return identifier -> name."""
    offered, tree, at = queries.catalogue(town).offered, territory.tree(town), datetime.now(UTC)
    rows, names = [], {}
    for one in standing:
        place = tree.locate(one.lon, one.lat)
        service = offered[one.service]
        row = ServiceRequest(
            id=uuid7(),
            matter_id=uuid7(),
            service_id=service.id,
            tracking_number=tracking_number(),
            status="received",
            urgency=service.default_urgency,
            kind=service.kind,
            channel="web",
            description=one.text,
            lon=one.lon,
            lat=one.lat,
            cell=cell(one.lon, one.lat),
            place_id=place.id if place and place.level != "building" else None,
            requested_at=one.at,
            updated_at=one.at,
        )
        rows.append(row)
        names[row.id] = one.key
    with scopes.action_transaction():
        matters.open_matters([(("service_request", row.id), row.place_id, row.matter_id) for row in rows], at=at)
        ServiceRequest.objects.bulk_create(rows, batch_size=500)
    return names


def _measured(
    town: territory.Town, duplicates: Iterable[likeness_set.Labelled], names: dict[UUID, str]
) -> dict[str, Any]:
    offered = queries.catalogue(town).offered
    hits, near_hits, took, n_near, n = Counter[int](), Counter[int](), list[float](), list[int](), 0
    for one in duplicates:
        point = LonLat(one.lon, one.lat)
        begun = time.perf_counter()
        found = queries.near_and_similar(
            town, point, service=offered[one.service], words=one.text, at=one.at, limit=max(RANKS)
        )
        took.append(1000 * (time.perf_counter() - begun))
        _count(hits, [names[similar.id] for similar in found], one.parent)
        by_distance = _nearest(point, at=one.at)
        n_near.append(len(by_distance))
        _count(near_hits, [names[request_id] for request_id in by_distance[: max(RANKS)]], one.parent)
        n += 1
    took.sort()
    return {
        "n_pairs": n,
        "likeness": {str(rank): round(hits[rank] / n, 3) for rank in RANKS},
        "distance_alone": {str(rank): round(near_hits[rank] / n, 3) for rank in RANKS},
        "n_near_median": sorted(n_near)[n // 2],
        "ms": {"p50": round(took[n // 2], 1), "p95": round(took[int(n * 0.95)], 1)},
    }


def _count(hits: Counter[int], found: list[str], parent: str) -> None:
    if parent in found:
        hits.update(rank for rank in RANKS if found.index(parent) < rank)


def _nearest(point: LonLat, *, at: datetime) -> list[UUID]:
    """Return all requests within reach by distance alone, the newest first among equals."""
    rows = ServiceRequest.objects.filter(
        cell__in=cells_around(point.lon, point.lat), requested_at__range=(at - REACH_TIME, at)
    ).order_by(F("requested_at").desc())
    far = [(haversine_m(point, LonLat(lon, lat)), one) for one, lon, lat in rows.values_list("id", "lon", "lat")]
    return [one for distance_m, one in sorted(far, key=lambda pair: pair[0]) if distance_m <= REACH_M]


def _table(told: dict[str, Any]) -> str:
    lines = [
        f"{told['n_pairs']:,} duplicates among {told['n_standing']:,} reports ({told['database']}); within reach,"
        f" median: {told['n_near_median']}; one look p50 {told['ms']['p50']} ms, p95 {told['ms']['p95']} ms",
        "",
        "| parent found at rank | 1 | 3 | 5 |",
        "|---|---|---|---|",
    ]
    for name, label in (("likeness", "words, nearness and time"), ("distance_alone", "distance alone")):
        shares = " | ".join(f"{told[name][str(rank)]:.3f}" for rank in RANKS)
        lines.append(f"| {label} | {shares} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
