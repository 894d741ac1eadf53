"""Text encoders: any Hugging Face encoder, its fine-tuning on the shop's own texts, and bulk encoding."""
