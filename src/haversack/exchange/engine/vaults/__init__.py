"""Vaults: an account pays into one and gets tokens for it, whose price the vault makes; later it gives tokens back for money."""
