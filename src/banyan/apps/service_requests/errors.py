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


class HandlerMayNotExclude(Forbidden):
    """Who handled a request does not decide whether it counts."""

    code = "service_requests.handler_may_not_exclude"
    sentence = mark("Whoever handled a request, or works for the unit that did, does not decide whether it counts.")


class LeftOutAlready(Conflict):
    """The request is left out of the rates already."""

    code = "service_requests.left_out_already"
    sentence = mark("This request is left out of the rates already.")


class UpdateUsedOtherwise(Conflict):
    """An identifier of another system's update comes with another request."""

    code = "service_requests.update_used_otherwise"
    sentence = mark("An update with this identifier was taken before, for another request.")


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


class IllegalPartStep(Conflict):
    """The state table of parts has no such step."""

    code = "service_requests.illegal_part_step"
    sentence = mark("A part that is “{status}” has no step “{step}”.")


class PartDoerMayNotVerify(Forbidden):
    """Who does a part does not verify it."""

    code = "service_requests.part_doer_may_not_verify"
    sentence = mark("Whoever did a part does not verify it: someone else has to look.")


class PartsNotDone(Conflict):
    """Joint work is resolved only when every part is done."""

    code = "service_requests.parts_not_done"
    sentence = mark("Not every part is done yet. Still missing: {parties}.")


class PartsNotVerified(Conflict):
    """Joint work is verified only when every part is verified."""

    code = "service_requests.parts_not_verified"
    sentence = mark("Not every part has been verified yet. Still missing: {parties}.")


class LeadGivesBack(Conflict):
    """The lead does not decline its part: it gives the request back."""

    code = "service_requests.lead_gives_back"
    sentence = mark("The lead gives the whole request back instead of declining its part.")


class NotSummonable(Conflict):
    """Parties are summoned only while there is work to share."""

    code = "service_requests.not_summonable"
    sentence = mark("A service request that is “{status}” takes no joint work now.")


class NoClock(Conflict):
    """More time where no clock runs."""

    code = "service_requests.no_clock"
    sentence = mark("There is no running or paused clock to extend.")


class NotArbitrable(Conflict):
    """Arbitration where it is not open who does it."""

    code = "service_requests.not_arbitrable"
    sentence = mark("Arbitration decides who gets a request that nobody has; “{status}” is not such a state.")


class AlreadyAsked(Conflict):
    """One question of a kind is open at a time."""

    code = "service_requests.already_asked"
    sentence = mark("The same has been asked already and is not decided yet.")


class RulingClosed(Conflict):
    """A decision on a question that is not open any more."""

    code = "service_requests.ruling_closed"
    sentence = mark("This question is not open any more: it is “{status}”.")


class ArbitrationOpen(Conflict):
    """A dispatch around an open arbitration."""

    code = "service_requests.arbitration_open"
    sentence = mark("Who has to do it is in arbitration: decide that first.")


class AskerMayNotDecide(Forbidden):
    """Who asks does not decide."""

    code = "service_requests.asker_may_not_decide"
    sentence = mark("Whoever asks does not decide, nor does the party they ask for: someone else has to.")


class BoundToHandle(Conflict):
    """A party bound by arbitration gives nothing back."""

    code = "service_requests.bound_to_handle"
    sentence = mark("Arbitration decided that this party has to do it: it cannot be given back.")


class HandlerMayNotCall(Forbidden):
    """Who handled does not ask how it was."""

    code = "service_requests.handler_may_not_call"
    sentence = mark("Whoever handled a request does not make its return call.")


class NothingToCallAbout(Conflict):
    """A return call before the work."""

    code = "service_requests.nothing_to_call_about"
    sentence = mark("A return call follows the work; this service request is “{status}”.")


class MovedMeanwhile(Conflict):
    """Somebody else merged or separated one of the reports at the same moment."""

    code = "service_requests.moved_meanwhile"
    sentence = mark("Somebody else merged or separated one of these reports at the same moment. Look again.")


class NotYoursToVerify(Forbidden):
    """The policy of the service says that somebody else looks."""

    code = "service_requests.not_yours_to_verify"
    sentence = mark("By the verification policy of this service somebody else has to look.")


class AlreadyAnswered(Conflict):
    """A supervision ticket is answered once."""

    code = "service_requests.already_answered"
    sentence = mark("This supervision ticket has been answered already.")


class ImportOver(Conflict):
    """Rows for a run that has ended, or taking back one that is not done."""

    code = "service_requests.import_over"
    sentence = mark("This import is not in a state in which that can be done: look at it again.")
