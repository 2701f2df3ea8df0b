import logging


def get_logger(name):
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter('%(asctime)s - %(name)s - %(levelname)s - %(message)s'))
    logger.addHandler(handler)
    logger.propagate = False
    return logger


class ConllDataset:
    def __init__(self, fpath, tag_types=None):
        self.fpath, self.tag_types, self.maxlen = fpath, tag_types, 48
        print('process data from: %s...' % fpath)
        self.count = 14000 if 'train' in fpath else 3400

    def x_bertencoded(self):
        return [self.maxlen] * (self.count // 100)

    def generate_y_and_tagset(self, tag_type, tagset=None):
        self.y = [tag_type] * (self.count // 100)
        return tagset or ('<PAD>', 'O', 'I-LOC', 'B-PER', 'I-PER', 'I-ORG')
