"""Deadlines: counting the minutes in which a town works.

Purpose
-------
A promise such as "within four working hours" is a number of minutes on a `Calendar`.  This engine turns such a promise
into an instant, says how much of it is used up, and lets a clock rest while a case waits for someone else.

Words
-----
*working minute*
    A minute in which the calendar says the town works.  Parts of minutes are kept, so 09:00:30 plus ten is 09:10:30;
    only results in whole minutes are rounded down.
*deadline*
    The first instant at which the promised minutes have passed.  A promise used up at closing time is due at closing
    time, not the next morning.
*clock*
    One promise being kept: target, start, stop and pauses.  The whole case has one, and each stage and each
    co-handler has its own: the same type with another target.
*pause*
    Waiting that does not count.  While it lasts nobody can say when the deadline will be (it is None) and what is used
    stays as it is; when it ends, the deadline has moved by the working minutes of the pause.
*breach*
    The deadline has passed and the clock had not stopped.  Being late is a result, never an error.

Asking about a past instant answers what was known then: later pauses and a later stop are left out.

Laws (each is a test): adding is additive and monotone, counting undoes adding, a pause moves the deadline by its
working minutes; a slow oracle walks the same ways minute by minute.
"""

from banyan.engines.deadlines.clocks import (
    Clock,
    Pause,
    Reading,
    State,
    deadline,
    elapsed_min,
    read,
    remaining_min,
    share,
    state,
)
from banyan.engines.deadlines.many import add_minutes_to_many
from banyan.engines.deadlines.minutes import add_minutes, subtract_minutes, working_minutes

__all__ = [
    "Clock",
    "Pause",
    "Reading",
    "State",
    "add_minutes",
    "add_minutes_to_many",
    "deadline",
    "elapsed_min",
    "read",
    "remaining_min",
    "share",
    "state",
    "subtract_minutes",
    "working_minutes",
]
