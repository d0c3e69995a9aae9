"""Safeguards, each switched off to see that its own test fails."""
