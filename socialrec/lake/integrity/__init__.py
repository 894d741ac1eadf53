"""Integrity of what was committed: checksums, committed versions, checks of files, content compared.

Writing and reading tables belongs to `lake`.
"""
