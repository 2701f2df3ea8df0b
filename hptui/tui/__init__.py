"""The screens: they read what is recorded, and every key that changes something calls the verb of the same name."""
