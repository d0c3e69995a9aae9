"""The truth of a local exchange: every command that it carried out, in order. State is what replaying gives.

An answer leaves the exchange only after the commands behind it are synced to disk.

    entry      one command as it was carried out, and what a log of them can do
    file       the log on disk
    committer  lets an event loop write into it without waiting
"""

from haversack.exchange.journal.committer import WRITTEN, GroupCommitter
from haversack.exchange.journal.entry import CommandLog, Entry, JournalStopped, JournalUnusable, MemoryJournal
from haversack.exchange.journal.file import FILE_NAME, LOCK_NAME, Journal

__all__ = [
    "FILE_NAME",
    "LOCK_NAME",
    "WRITTEN",
    "CommandLog",
    "Entry",
    "GroupCommitter",
    "Journal",
    "JournalStopped",
    "JournalUnusable",
    "MemoryJournal",
]
