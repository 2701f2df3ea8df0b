"""Scripts of other people are no tests, whatever their names, and what they bring along hides libraries."""

collect_ignore_glob = ["samples/*"]
