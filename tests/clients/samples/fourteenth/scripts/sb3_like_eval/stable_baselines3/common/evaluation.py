def evaluate_policy(model, env, n_eval_episodes=10):
    return model.reward(), 3.5
