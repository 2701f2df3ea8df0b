"""Optuna's samplers as functions of the recorded history: an in-memory Optuna study is built for every ask.

Building costs a tenth of a millisecond per trial, and there is no second copy of the history that could disagree with
the store. One module per sampler; what they share is in `codec`.
"""

from hptui.search.optuna.codec import quiet_optuna

__all__ = ["quiet_optuna"]
