"""A night as one page for people: what came in, what was made of it, and what changed."""
