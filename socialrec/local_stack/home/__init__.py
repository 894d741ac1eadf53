"""The folder of one home: what it holds, what is missing, what may be removed.

The servers that run for it stand in `local_stack`.
"""
