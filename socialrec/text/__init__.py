"""Text: any Hugging Face encoder, its fine-tuning on the shop's own words, and bulk encoding."""
