"""Text from outside as people see it: on terminals, on pages, in spreadsheets.

No file is read here, and nothing is decided; rich is the only package that it needs.
"""
