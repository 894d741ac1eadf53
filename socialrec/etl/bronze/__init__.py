"""Landing to bronze and quarantine: judge each record, refuse those of erased people.

Cleaning and pseudonyms belong to `etl.silver`.
"""
