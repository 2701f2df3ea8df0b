"""The widgets of the screens. Each draws itself line by line, and sends only what has changed."""
