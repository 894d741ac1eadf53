"""Integrity of committed data: checksums, committed versions, checks of files, comparison of content.

Writing and reading tables belongs to `lake`.
"""
