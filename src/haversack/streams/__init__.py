"""Streams: a session without a socket that knows what is wanted, and an async and a blocking shell around it."""
