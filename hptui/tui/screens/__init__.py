"""The places of the program: studies, a study, a trial, a log, and what opens over them."""
