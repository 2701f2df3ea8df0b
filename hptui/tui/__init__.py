"""The terminal user interface: it shows what is recorded, and each key that changes something calls a CLI operation."""
