"""Insight tables of a night, one module each: rows from silver, existing vectors and the heads.

The heads and what they are trained and measured with belong to `text.understanding`.
"""
