"""What can go wrong with a service request."""

from __future__ import annotations

from banyan.base.errors import Conflict, Forbidden, mark


class IllegalStep(Conflict):
    """The state table has no such step."""

    code = "service_requests.illegal_step"
    sentence = mark("A service request that is “{status}” has no step “{step}”.")


class HandlerMayNotVerify(Forbidden):
    """Who handles does not verify."""

    code = "service_requests.handler_may_not_verify"
    sentence = mark("Whoever handled a request does not verify it: someone else has to look.")


class NotRateable(Conflict):
    """A rating before there is anything to rate, or a second one."""

    code = "service_requests.not_rateable"
    sentence = mark("A service request that is “{status}” cannot be rated, or it has been rated before.")


class IdTaken(Conflict):
    """A request with the identifier that the client made is there already."""

    code = "service_requests.id_taken"
    sentence = mark(
        "There is a request with this identifier already: it was stored before, or the identifier is used twice."
    )
