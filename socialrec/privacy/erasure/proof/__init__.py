"""Proof of an erasure: a search of all files of a home for traces of users.

It shares no code with the removal, so that one fault cannot hide in both.
"""
