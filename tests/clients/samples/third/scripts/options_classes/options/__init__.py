"""This package options includes option modules."""
