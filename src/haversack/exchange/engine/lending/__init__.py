"""Borrowing and lending: one pool for each asset, and what every account has lent to it or owes it."""
