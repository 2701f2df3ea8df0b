import yaml


def load_config(config):
    with open(config, 'r') as f:
        config = yaml.load(f, Loader=yaml.FullLoader)
    return config['args'], config['train'], config['recog']
