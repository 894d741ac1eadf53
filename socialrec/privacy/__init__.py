"""Pseudonyms, marks of erased people, masks of personal data and erasure.

How records are cleaned and joined belongs to `etl`.
"""
