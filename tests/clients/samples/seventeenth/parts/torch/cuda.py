class amp:
    pass


def is_available():
    return False


def is_bf16_supported():
    return False


def device_count():
    return 0


def manual_seed_all(seed):
    pass


def empty_cache():
    pass


def max_memory_allocated():
    return 0
