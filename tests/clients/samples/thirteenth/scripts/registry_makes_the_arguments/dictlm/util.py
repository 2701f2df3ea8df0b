def str2bool(text):
    return text.lower() in ('yes', 'true', 't', '1')


def add_config_arguments(config, parser):
    """One option for each key of the configuration."""
    for key, value in config.items():
        if isinstance(value, bool):
            parser.add_argument('--' + key, type=str2bool, help='Boolean')
        else:
            parser.add_argument('--' + key, type=type(value), help=type(value).__name__)
