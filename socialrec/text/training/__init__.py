"""Fine-tuning: tasks from tables, the training loop, and recovery from lack of memory and killed processes."""
