"""Reading the inbox, how people hear of news, what is on its way, and what the town announces."""

from __future__ import annotations

from banyan.apps.notices.queries.inbox import NoticeView, inbox_page, n_unread

__all__ = ["NoticeView", "inbox_page", "n_unread"]
