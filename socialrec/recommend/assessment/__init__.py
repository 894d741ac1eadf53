"""Assessment of a recipe on the test window: figures, ablation, simulated attacks, deletion test of reasons.

The decision about a candidate belongs to `evaluate.gate`.
"""
