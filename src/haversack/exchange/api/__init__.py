"""The REST API: one small function per operation, and the dispatcher that every request goes through."""
