"""Examples for fine-tuning: read, split, laid out as prompts and completions, turned into tokens, checked."""
