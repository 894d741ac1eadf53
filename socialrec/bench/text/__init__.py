"""Encoding, fine-tuning and classification against sentence-transformers and TF-IDF.

Ranking with texts belongs to `bench.ranking`.
"""
