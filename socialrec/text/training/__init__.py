"""Fine-tuning: tasks out of tables, the loop, and all that keeps it going where memory or a process ends."""
