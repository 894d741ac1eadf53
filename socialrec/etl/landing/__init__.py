"""Landing files: found, opened, read as records.

What a record must hold is judged in `etl.bronze`.
"""
