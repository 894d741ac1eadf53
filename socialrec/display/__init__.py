"""Display of external text: on terminals, on pages, in spreadsheets.

It reads no files and decides nothing; its only dependency is rich.
"""
