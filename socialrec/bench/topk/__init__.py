"""Bulk top-K of inner products against faiss, implicit and Spark ALS.

Ranking quality belongs to `bench.ranking`.
"""
