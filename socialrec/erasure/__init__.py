"""Forget people: from what landed to what was published, with a proof that nothing of them is left."""
