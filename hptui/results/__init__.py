"""What recorded trials mean: analysis, diagnosis, facts, reports, figures, exports."""
