"""Features of users and products for training and scoring: matrices, words and stances as of a day.

Nothing here ranks; signals and lists belong to `recommend`.
"""
