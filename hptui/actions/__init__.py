"""The verbs that both faces call: every key of the screens and every command of the shell is one of these functions."""
