"""Haversack: the Python toolkit for Backpack Exchange."""
