class SubprocVecEnv:
    def __init__(self, makers):
        envs = [make() for make in makers]
        self.num_envs, self.easy = len(envs), envs[0].gap_max < 1


class DummyVecEnv(SubprocVecEnv):
    pass


def VecMonitor(env):
    return env
