"""Dust: balances that are too small to be sold on their book, which the exchange takes for cash."""
