"""Knowledge of human languages: which one a text is in, where its words are, their normal forms, and stop words.

Nothing here depends on tables, products or models. Opinions about products belong to `text.understanding`.
"""
