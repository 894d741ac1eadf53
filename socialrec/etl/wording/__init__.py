"""Cleaning of texts for silver: entities, markup, invisible characters, language.

Recognition of personal data belongs to `privacy.masking`.
"""
