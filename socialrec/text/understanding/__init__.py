"""Predictions from text vectors: heads, their quality, and the tables of their results."""
