"""Who else trades on the local exchange: makers and takers that move its markets as the recorded ones moved.

    crowd      the whole: accounts, a schedule of traders, one `step` at a time
    fair       what an asset is imagined to be worth, and how that walks
    belief     how likely the answers of prediction markets are imagined to be
    news       when it walks, and who hears of it
    quote      where the makers of one market would have the touch
    maker      keeps one layer of a book
    taker      trades now and then, for reasons of its own
    dealer     answers requests for quotes
    hunter     takes prices that are better than the makers' own
    opening    the positions that are open when an exchange begins
    oracle     tells the perpetuals their index
    backfill   the minutes before a new exchange opened

Everything follows from a seed and the times that the caller tells. Prices are imagined in floats; what leaves the crowd
is integers on tick and step. The crowd has no state that must survive a restart: it takes up its orders as it finds them.
"""

from haversack.exchange.crowd.crowd import Crowd
from haversack.exchange.crowd.view import MarketView

__all__ = ["Crowd", "MarketView"]
