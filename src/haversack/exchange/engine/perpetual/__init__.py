"""The arithmetic of perpetuals: pure functions on frozen structs. The engine is not joined to them yet; this is what it must do.

1. Keep one `Position` per account and market, in its state, and a `Contract` per perpetual.
2. Refuse an order that `opens_too_much`, and later one that is not `is_allowed` (INSUFFICIENT_MARGIN), both before matching.
3. Bound taker fills by `premium_bounds`, beside the mean mark price band.
4. Tell each fill, with its `trading_fee`, to `change`; announce what was closed and opened; give a new position the next id.
5. Add the settlements of a change to the account's unsettled amount, and `settle` all of it into USDC every ten seconds.
6. Take each index through `next_mark` and `Premiums.with_sample`; on the hour, pay `payment` to every position by `funding_rate`.
7. Compute account figures by `account_margin` with marks of one moment; never keep them.
8. Each second, for every account that `is_liquidatable`, do the `steps`: cancel, reduce on the book, hand over, deleverage.
9. Put what rounding leaves (funding) into the fee account, so that all money still sums to what was granted.
10. Hold amounts and quantities as integers; decimals exist only in prices of entry, margin figures and rates.
"""
