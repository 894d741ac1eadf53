"""What is read off vectors: heads, how well they tell, and the tables that hold what they told."""
