"""What training and scoring know of users and products: matrices, words and stances as of a day.

Nothing here ranks; signals and lists belong to `recommend`.
"""
