"""Encoders: weights by name, what of them is trained, texts as vectors, one by one or in bulk.

Tasks, losses and training loops belong to `text`.
"""
