"""The proof of an erasure: search all files of a home for traces of people.

It shares no code with the removal, so that one fault cannot hide in both.
"""
