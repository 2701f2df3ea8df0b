"""What the feed watches: each source reads one thing and says when it has changed. No Textual in here."""
