"""Texts as silver keeps them: entities, markup, invisible characters, language.

Personal data is recognised in `privacy.masking`.
"""
