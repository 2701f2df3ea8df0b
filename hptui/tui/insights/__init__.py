"""Pictures of a whole study, made of characters, each with the numbers behind it. Pure: a screen only shows them."""
