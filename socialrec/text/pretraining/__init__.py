"""Pre-training: a language model reads the shop's own texts."""
