"""Client and AsyncClient: one line per operation, shared by both."""
