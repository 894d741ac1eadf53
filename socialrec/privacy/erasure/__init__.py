"""Erasure of users, from landing files to published lists, with a proof that no trace is left.

Retention of old files belongs to `local_stack.home`.
"""
