"""The command line: one verb a function, each a thin layer over `hptui.operations`.

Data goes to stdout, messages to stderr.
"""
