"""Signals, their blend, lists with reasons, and what is published."""
