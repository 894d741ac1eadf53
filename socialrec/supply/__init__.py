"""Audit of the dependencies: a separate program, with its own tools and lock file."""
