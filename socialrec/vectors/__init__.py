"""Arrays of vectors and exact top-K search by inner product.

Nothing here depends on users or signals.
"""
