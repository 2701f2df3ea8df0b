"""Fine-tuning of language models: all weights, LoRA, or LoRA on a model in 4 bits."""
