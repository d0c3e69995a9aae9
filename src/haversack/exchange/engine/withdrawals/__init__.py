"""Withdrawals: money leaves an account, waits for the account's delay, and is confirmed some time later."""
