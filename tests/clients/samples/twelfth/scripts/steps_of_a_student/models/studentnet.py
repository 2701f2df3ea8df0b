import numpy as np


class TeacherNet(object):
    width = 96

    def __init__(self):
        rng = np.random.default_rng(0)
        self.w1 = rng.normal(size=(32, self.width)) / 6
        self.w2 = rng.normal(size=(self.width, 10)) / 8

    def load_state_dict(self, content):
        self.acc = content["acc"]

    def __call__(self, x):
        return np.tanh(x @ self.w1) @ self.w2


class StudentNet(TeacherNet):
    width = 16
