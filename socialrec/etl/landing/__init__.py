"""Landing files: discovery, opening, reading as records.

Validation of records belongs to `etl.bronze`.
"""
