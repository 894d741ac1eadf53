"""One night of gold: affinity, ties, profiles, texts to encode.

What a language model reads off texts belongs to `text.understanding`.
"""
