"""The command line: one verb a file, each a thin face over `hptui.actions`. stdout carries data, stderr talk."""
