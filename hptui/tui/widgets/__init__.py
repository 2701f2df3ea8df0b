"""What screens are made of. Each draws itself by lines and sends only what has changed."""
