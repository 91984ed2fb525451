"""Who hears what: the one page on which news goes sideways between apps."""

from __future__ import annotations

from banyan.apps.service_requests import events as service_requests
from banyan.kit import facts


def connect() -> None:
    """Wire every event to the tasks that hear it."""
    facts.wire(
        {
            service_requests.ServiceRequestReceived: ["banyan.faces.news.tell_coordinators"],
            service_requests.ServiceRequestMoved: ["banyan.faces.news.tell_those_concerned"],
            service_requests.CommentAdded: ["banyan.faces.news.tell_of_comment"],
        }
    )
