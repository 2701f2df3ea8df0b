from math import log10


def measure(s):
    return {"loss": 0.4}


def episodic_return(a, progress):
    bad = abs(log10(a.learning_rate) + 3.2) / 2 + abs(a.gamma - 0.98) * 20 + abs(a.gae_lambda - 0.9) * 4 + abs(a.clip_coef - 0.15) * 3 + abs(log10(a.ent_coef + 1e-4) + 1.6) / 5
    bad += 1 / a.update_epochs + 40 / (a.num_envs * a.num_steps) + abs(a.max_grad_norm - 0.8) / 4
    return (420 - 60 * bad) * (0.3 + 0.7 * progress)
