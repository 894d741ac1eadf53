"""Arrays of vectors and exact top-K search by inner product.

Nothing here knows what a user or a signal is.
"""
