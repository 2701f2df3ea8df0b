"""A small stand-in for scikit-learn: an error is a formula of what the forest was given."""
