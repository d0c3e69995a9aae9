"""The project's style as rules: each takes one source file and yields what is wrong with it, and where."""
