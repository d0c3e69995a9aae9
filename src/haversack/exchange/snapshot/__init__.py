"""The whole state of an exchange at one command, so that a start replays only what came after it.

A snapshot is never the truth: it follows from the journal, and one that is damaged is passed over for the one before it.

    content  what is in one, and how it is written: line by line
    files    the snapshots in a folder
    keeper   makes one now and then, and lets the journal forget what is no longer needed
"""
