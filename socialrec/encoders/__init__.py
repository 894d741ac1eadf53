"""Encoders: weights by name, trained parameters, and text vectors, one by one or in bulk.

Tasks, losses and training loops belong to `text`.
"""
