"""A small stand-in for gymnasium: environments of a vector, whose episodes end with the rollout."""
import sys
from types import SimpleNamespace

spaces = SimpleNamespace(Discrete=object)


class SyncVectorEnv:
    def __init__(self, functions):
        self.n, self.t = len(functions), 0
        self.single_observation_space = SimpleNamespace(shape=(4,))
        self.single_action_space = SimpleNamespace(n=2)

    def reset(self, seed=None):
        return [[0.0] * 4] * self.n, {}

    def step(self, actions):
        from _formula import episodic_return

        self.t += 1
        args = sys.modules["__main__"].args
        infos = {}
        if self.t % args.num_steps == 0:
            value = episodic_return(args, self.t / args.num_steps / args.num_iterations)
            infos["final_info"] = [{"episode": {"r": value, "l": int(value)}} for _ in range(self.n)]
        return [[0.0] * 4] * self.n, [1.0] * self.n, [False] * self.n, [False] * self.n, infos

    def close(self):
        pass


vector = SimpleNamespace(SyncVectorEnv=SyncVectorEnv)
wrappers = SimpleNamespace(RecordEpisodeStatistics=lambda env: env)


def make(env_id, **kwargs):
    return env_id
