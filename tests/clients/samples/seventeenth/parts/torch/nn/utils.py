from .._state import STATE


def clip_grad_norm_(parameters, max_norm):
    STATE.clip = max_norm
    return 0.7
