class Env:
    def __init__(self, id):
        self.id = id

    def close(self):
        pass


def make(id, render_mode=None):
    return Env(id)
