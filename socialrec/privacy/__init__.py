"""Pseudonyms, tombstones of erased users, masks of personal data, and erasure.

Cleaning and joining of records belongs to `etl`.
"""
