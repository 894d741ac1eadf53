"""Reasons of a recommendation, and explanation of one product's rank for one user.

The choice of people and words that may be named belongs to `features`.
"""
