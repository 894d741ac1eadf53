"""Encoders: any model's weights, what of it is trained, and texts as vectors, one by one or in bulk."""
