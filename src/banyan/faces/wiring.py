"""Who hears what, and what runs every so often: the one page on which news goes sideways between apps."""

from __future__ import annotations

from typing import Final

from banyan.apps.service_requests import events as service_requests
from banyan.kit import facts
from banyan.kit.jobs import Every

#: What runs again and again, beside the news.
SCHEDULES: Final = (
    Every("Seal history", "banyan.apps.audit.tasks.seal_towns", minutes=1),
    Every("Seal what was committed late", "banyan.apps.audit.tasks.sweep_towns", minutes=60),
    Every("Forget the answers to old writes", "banyan.apps.accounts.tasks.forget_answers", minutes=60),
)


def connect() -> None:
    """Wire every event to the tasks that hear it."""
    facts.wire(
        {
            service_requests.ServiceRequestReceived: ["banyan.faces.news.tell_coordinators"],
            service_requests.ServiceRequestMoved: ["banyan.faces.news.tell_those_concerned"],
            service_requests.CommentAdded: ["banyan.faces.news.tell_of_comment"],
        }
    )
