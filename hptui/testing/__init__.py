"""Test suites for plug-ins, and what they run on. Imported by tests only, never by the rest of the package."""
