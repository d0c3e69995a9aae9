"""Scheduled orders: a large order that the exchange sends in slices, one at each interval, as orders of its account."""
