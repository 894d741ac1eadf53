"""Signals, their blend, the model and the policy of lists.

Features of users and products belong to `features`, offline metrics to `evaluate`.
"""
