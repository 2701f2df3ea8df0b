def validation_run_ppo(env, model, episodes=50):
    stats = {"episode_reward": [], "episode_steps": [], "num_trades": [], "win_rate": []}
    for i in range(episodes):
        stats["episode_reward"].append(model.skill + (i % 2 - 0.5))
        stats["episode_steps"].append(200 + i)
        stats["num_trades"].append(12)
        stats["win_rate"].append(0.5)
    return {k: float(sum(v) / len(v)) for k, v in stats.items()}
