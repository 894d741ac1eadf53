"""Folder of one home: its content, missing parts, and parts that may be removed.

The servers that run for it belong to `local_stack`.
"""
