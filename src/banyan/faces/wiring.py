"""Who hears what, and what runs every so often: the one page on which news goes sideways between apps."""

from __future__ import annotations

from typing import Final

from banyan.apps.notices import events as notices
from banyan.apps.service_requests import events as service_requests
from banyan.kit import facts
from banyan.kit.jobs import Every

#: What runs again and again, beside the news.
SCHEDULES: Final = (
    Every("Seal history", "banyan.apps.audit.tasks.seal_towns", minutes=1),
    Every("Seal what was committed late", "banyan.apps.audit.tasks.sweep_towns", minutes=60),
    Every("Climb the ladders", "banyan.apps.service_requests.actions.watching.look_after_towns", minutes=5),
    Every("Tell of parked cases", "banyan.faces.news.tell_of_reviews", minutes=60),
    Every("Forget words whose time is over", "banyan.apps.service_requests.tasks.forget_words", minutes=24 * 60),
    Every("Forget the answers to old writes", "banyan.apps.accounts.tasks.forget_answers", minutes=60),
    Every("Send what has become due", "banyan.apps.notices.tasks.send_due", minutes=1),
)


def connect() -> None:
    """Wire every event to the tasks that hear it."""
    facts.wire(
        {
            notices.AnnouncementTold: ["banyan.apps.notices.tasks.tell_of_announcement"],
            service_requests.ServiceRequestReceived: [
                "banyan.apps.service_requests.actions.watching.dispatch_by_rule",
                "banyan.faces.news.tell_coordinators",
            ],
            service_requests.ServiceRequestMoved: ["banyan.faces.news.tell_those_concerned"],
            service_requests.SupervisionRaised: ["banyan.faces.news.tell_of_supervision"],
            service_requests.SupervisionAnswered: ["banyan.faces.news.tell_of_answer"],
            service_requests.LadderChanged: ["banyan.apps.service_requests.actions.watching.reckon_ladder"],
            service_requests.ServiceRequestAnswered: ["banyan.faces.news.tell_of_public_answer"],
            service_requests.IncidentTold: ["banyan.faces.news.tell_of_incident"],
            service_requests.PartMoved: ["banyan.faces.news.tell_of_part"],
            service_requests.RulingMoved: ["banyan.faces.news.tell_of_ruling"],
            service_requests.CommentAdded: ["banyan.faces.news.tell_of_comment"],
        }
    )
