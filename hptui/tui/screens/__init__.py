"""The screens: studies, a study, a trial, a log, and the dialogs over them."""
