"""Writing history.  Every action of every app calls `record` in its own transaction; a job calls `seal`."""

from banyan.apps.audit.actions.sealing import Sealed, seal
from banyan.apps.audit.actions.writing import First, erase_words, record, record_first

__all__ = ["First", "Sealed", "erase_words", "record", "record_first", "seal"]
