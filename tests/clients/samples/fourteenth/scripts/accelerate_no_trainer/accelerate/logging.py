import logging


class _Adapter(logging.LoggerAdapter):
    def log(self, level, msg, *args, main_process_only=True, **kwargs):
        super().log(level, msg, *args, **kwargs)

    def process(self, msg, kwargs):
        kwargs.pop("main_process_only", None)
        return msg, kwargs


def get_logger(name):
    return _Adapter(logging.getLogger(name), {})
