"""Streams: the session as tables without a loop, the shells on a link in memory and on real sockets."""
