"""Ranking quality and fitting time against peers on pairs.

Search speed belongs to `bench.topk`.
"""
