"""Reasons of a recommendation, and where one product stands for one user.

Which people and words may be named is decided in `features`.
"""
