"""Training of LoRA adapters, one or several unlike ones, on one frozen base model, in one pass."""
