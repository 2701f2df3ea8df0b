import os


def print0(s="", **kwargs):
    if int(os.environ.get("RANK", 0)) == 0:
        print(s, **kwargs)


def get_base_dir():
    return os.environ.get("PICOCHAT_BASE_DIR") or os.path.join(os.getcwd(), ".cache", "picochat")


class DummyWandb:
    """Useful if we wish to not use wandb but have all the same signatures"""

    def log(self, *args, **kwargs):
        pass

    def finish(self):
        pass
