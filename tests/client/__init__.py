"""The clients as their users see them."""
