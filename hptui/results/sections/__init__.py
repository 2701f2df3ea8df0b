"""Sections of a report: each yields blocks from the report data; every number is a fact."""
