"""The rates of a period, as the pages show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from banyan.apps.service_requests.queries import rates as counting
from banyan.apps.service_requests.queries.rates import Asked, By, Line
from banyan.apps.service_requests.rules.periods import read
from banyan.apps.service_requests.rules.rates import Rate, Share
from banyan.apps.service_requests.schemas import RatesOut
from banyan.kit.api import TEXT_PATTERN, answered
from banyan.kit.asking import TownRequest

router = Router(tags=["service_requests"])

_Day = Annotated[str, Field(max_length=10, pattern=r"^\d{4}-\d{2}-\d{2}$", description="A day, both ends included.")]


class RatesWanted(Schema):
    """Which period, told apart by what."""

    from_on: _Day
    until_on: _Day
    by: By = By.UNIT
    level: Annotated[
        str, Field(max_length=20, pattern=TEXT_PATTERN, description="Level of places, with `by=place`.")
    ] = ""


@router.get("/rates", response=RatesOut, operation_id="read_rates", summary="Response, resolution, satisfaction")
def read_rates(request: TownRequest, wanted: Query[RatesWanted]) -> HttpResponse:
    asked = Asked(read(wanted.from_on, wanted.until_on), wanted.by, wanted.level)
    report = counting.report(request.actor, asked, town=request.town, at=timezone.now())
    return answered(
        {
            "from_on": report.period.from_on.isoformat(),
            "until_on": report.period.until_on.isoformat(),
            "by": str(report.by),
            "at": report.at,
            "total": _line(report.total, by=None),
            "items": [_line(line, by=report.by) for line in report.lines],
        }
    )


def _line(line: Line, *, by: By | None) -> dict[str, object]:
    # a request that was given back belongs to no unit any more
    told = [rate for rate in Rate if by is not By.UNIT or rate is not Rate.RETURNED]
    return {
        "key": line.key,
        "name_zh": line.name_zh,
        "name_en": line.name_en,
        "n": line.counts.n,
        "n_before": line.before.n,
        "left_out": {why: n for why, n in line.counts.left_out.items() if n},
        "score": line.score.points,
        "rates": {str(rate): _share(line.shares[rate]) for rate in told},
    }


def _share(share: Share) -> dict[str, object]:
    return {**asdict(share.tally), "share": share.share, "low": share.low, "high": share.high}
