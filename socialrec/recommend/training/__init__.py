"""Fits: settings searched and blend learned on the validation window, then one fit on everything.

Figures of the test window belong to `recommend.assessment`.
"""
