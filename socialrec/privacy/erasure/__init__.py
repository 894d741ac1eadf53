"""Forget people: from what landed to what was published, with a proof that nothing of them is left.

Retention of old files belongs to `local_stack.home`.
"""
