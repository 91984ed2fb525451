"""Pages of notices.  Sentences of the inbox stand in `telling`."""

from __future__ import annotations

from banyan.apps.notices.pages.telling import PAGES, SENTENCES, News, told

__all__ = ["PAGES", "SENTENCES", "News", "told"]
