"""Requests for quotes: somebody asks, makers answer with prices, and the best answer may be taken.

command    what can be asked of it
event      what happened
refusal    why nothing did
terms      what a quote comes to, in amounts
purse      how money is locked for it, and changes hands
rfqs       all that are open: the facility
"""
