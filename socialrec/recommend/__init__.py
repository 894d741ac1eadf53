"""Signals, their blend, the model and the policy of lists.

What users and products are known by belongs to `features`; offline metrics to `evaluate`.
"""
