"""One night of gold: affinity, ties, profiles, texts to encode.

Predictions from texts belong to `text.understanding`.
"""
