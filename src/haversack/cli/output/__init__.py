"""What commands print: rows as a table, as JSON, as JSON line by line, or as CSV.

table     what a table is made of
shown     a value as text, for each form
escape    characters that could drive a terminal, and texts that a spreadsheet would take for formulas
printing  the forms
"""
