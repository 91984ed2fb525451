"""Three months of requests in the demonstration town, by a stated stochastic model.  Illustrative throughout.

Arrivals.  For each day d and service s the number is Poisson with mean

    n_requests x scale x week(d) x mix(s) x rain(s)^wet(d) / normalisation,

wet(d) in {0 dry, 1 rain, 2 storm} a Markov chain; the hour follows a daily profile, which makes the flow an
inhomogeneous Poisson flow, constant within each hour.  Each lift out of service brings Poisson(`lift_followers`) more
reports from the same house within `lift_follow_hours`: a Neyman-Scott cluster.  House services fall on buildings in
proportion to dwellings, kind and, where things wear out, age; street services on streets in proportion to length.

Careers.  Each stage lasts a lognormal multiple of its target in the catalogue, times the pace of the kind of party, on
the working clock of the service.  Shares are returned, rejected, withdrawn, paused, refuted after a check, reopened
after closing, commented and rated; ratings fall with lateness and with a second round.  Who handles never verifies.

Every number stands in `parameters`; none was estimated from anything.  Streams are named (`banyan.base.rng`): the same
town, period and parameters give the same happenings.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput
from banyan.base.rng import stream
from banyan.demo.geometry import Town
from banyan.demo.parties import Organisation
from banyan.demo.requests_model.arrivals import Arrival, Arrivals, weather
from banyan.demo.requests_model.careers import Offices, live
from banyan.demo.requests_model.happenings import Happening, Report
from banyan.demo.requests_model.parameters import Parameters

__all__ = ["Arrival", "Happening", "Parameters", "Report", "simulate", "weather"]


def simulate(
    town: Town,
    organisation: Organisation,
    *,
    until: datetime,
    calendar: Calendar,
    parameters: Parameters | None = None,
) -> tuple[Happening, ...]:
    """Let the town live through the days before `until`.

    Parameters
    ----------
    until
        Aware instant at which the telling stops; what would happen later is left open, as on any real desk.
    calendar
        The town's working time; its time zone decides which days and hours are meant.
    parameters
        The model's numbers; None takes the illustrative ones.

    Returns
    -------
    tuple of Happening
        In order of time, each request beginning with its report; keys r-00001, r-00002 ... in order of arrival.

    Raises
    ------
    InvalidInput
        `until` has no time zone.
    """
    if until.tzinfo is None:
        raise InvalidInput("the period", ["until has no time zone"])
    numbers = parameters or Parameters()
    zone = ZoneInfo(calendar.timezone)
    last = until.astimezone(zone).date()
    days = [last - timedelta(days=n) for n in reversed(range(numbers.n_days))]
    arrivals = Arrivals(town, organisation, parameters=numbers, zone=zone).draw(days)
    offices = Offices.of(town, organisation)
    told: list[Happening] = []
    for n, arrival in enumerate(arrivals, start=1):
        key = f"r-{n:05d}"
        rng = stream(town.seed, "demo", "careers", arrival.at.isoformat(), n)
        life = live(key, arrival, offices=offices, calendar=calendar, parameters=numbers, rng=rng)
        told += [happening for happening in life if happening.at < until]
    told.sort(key=lambda happening: (happening.at, happening.request))
    return tuple(told)
