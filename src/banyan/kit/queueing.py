"""The queue of tasks in the database, for a worker that meets a locked database and neither dies nor forgets.

Without it a lock that lasts longer than the wait ends the process that takes tasks out, or the one that strikes off
what is done; what was done and not struck off would be handed out again.
"""

from __future__ import annotations

from typing import Any, Final

from django_q.brokers.orm import ORM

from banyan.kit.patience import patiently

_RESTS_S: Final = (0.2, 0.5, *[1.0] * 8)


class PatientQueue(ORM):  # type: ignore[misc]  # django-q2 has no types
    """The database broker of django-q2, which tries again."""

    def dequeue(self) -> Any:
        """Take the next tasks out for a while."""
        return patiently(super().dequeue, rests_s=_RESTS_S)

    def delete(self, task_id: int) -> None:
        """Strike a task off."""
        patiently(lambda: super(PatientQueue, self).delete(task_id), rests_s=_RESTS_S)
