"""Which parameters a script takes: options of its command line, files of settings, and constants."""
