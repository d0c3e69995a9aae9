"""Rows of answers as tables: Arrow, polars and pandas on request, HTML in a notebook."""
