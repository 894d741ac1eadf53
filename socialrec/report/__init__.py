"""Report of a night as one page for people: inputs, results, and changes."""
