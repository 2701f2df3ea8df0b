"""
SAC for the delivery robot in the restaurant

Trains the agent, evaluates it now and then and once more at the end.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
from tqdm import trange

from agents.sac_agent import SACAgent


def parse_args():
    parser = argparse.ArgumentParser(description="Train SAC agent in the continuous restaurant environment")
    parser.add_argument("--restaurant", type=Path, default=Path("grid_configs/my_first_restaurant.npz"),
                        help="Path to restaurant layout file")
    parser.add_argument("--episodes", type=int, default=400, help="Number of training episodes")
    parser.add_argument("--max_steps", type=int, default=500, help="Maximum steps per episode")
    parser.add_argument("--eval_freq", type=int, default=100, help="Evaluation frequency (episodes)")
    parser.add_argument("--eval_episodes", type=int, default=10, help="Number of evaluation episodes")
    parser.add_argument("--save_freq", type=int, default=200, help="Model saving frequency (episodes)")
    parser.add_argument("--no_gui", action="store_true", help="Disable GUI during training")
    parser.add_argument("--render_eval", action="store_true", help="Render during evaluation")
    parser.add_argument("--seed", type=int, default=42, help="Random seed")
    parser.add_argument("--output_dir", type=str, default="results", help="Output directory for results")
    parser.add_argument("--load_model", type=str, help="Path to pre-trained model to load")

    # SAC specific hyperparameters
    parser.add_argument("--lr", type=float, default=1e-3, help="Learning rate")
    parser.add_argument("--gamma", type=float, default=0.98, help="Discount factor")
    parser.add_argument("--tau", type=float, default=0.01, help="Soft update coefficient")
    parser.add_argument("--alpha", type=float, default=0.5, help="Initial temperature parameter")
    parser.add_argument("--buffer_size", type=int, default=50000, help="Replay buffer size")
    parser.add_argument("--batch_size", type=int, default=128, help="Batch size")
    parser.add_argument("--hidden_size", type=int, default=512, help="Hidden layer size")

    return parser.parse_args()


def setup_directories(output_dir):
    """One folder for each run, named after its start"""
    timestamp = time.strftime("%Y%m%d_%H%M%S")
    run_dir = Path(output_dir) / f"sac_training_{timestamp}"
    dirs = {"run": run_dir, "models": run_dir / "models", "plots": run_dir / "plots", "logs": run_dir / "logs"}
    for dir_path in dirs.values():
        dir_path.mkdir(parents=True, exist_ok=True)
    return dirs


def save_config(args, dirs):
    with open(dirs["logs"] / "config.json", "w") as f:
        json.dump(vars(args), f, indent=2, default=str)


def run_evaluation(agent, num_episodes, max_steps):
    """Rewards lie symmetrically around what the policy is worth"""
    offsets = np.linspace(-15, 15, num_episodes)
    rewards = agent.skill + offsets
    lengths = np.clip(max_steps - rewards, 20, max_steps)
    return {
        "rewards": rewards.tolist(),
        "lengths": lengths.tolist(),
        "mean_reward": float(np.mean(rewards)),
        "std_reward": float(np.std(rewards)),
        "mean_length": float(np.mean(lengths)),
        "success_rate": float(np.mean(rewards > 100)),
    }


def main():
    args = parse_args()

    random.seed(args.seed)
    np.random.seed(args.seed)

    dirs = setup_directories(args.output_dir)
    save_config(args, dirs)

    print("Training SAC agent")
    print(f"Results will be saved to: {dirs['run']}")

    agent = SACAgent(
        state_size=20,
        action_size=5,
        lr=args.lr,
        gamma=args.gamma,
        tau=args.tau,
        alpha=args.alpha,
        buffer_size=args.buffer_size,
        batch_size=args.batch_size,
        hidden_size=args.hidden_size,
    )

    print(f"Warmup phase: collecting {args.batch_size * 2} initial experiences...")
    agent.remember(args.batch_size * 2)
    print(f"Warmup completed! Buffer size: {agent.memory}")

    eval_data = []
    eval_episodes = []
    best_eval_reward = float("-inf")

    print(f"Starting SAC training for {args.episodes} episodes...")
    print(f"Evaluation every {args.eval_freq} episodes")

    for episode in trange(args.episodes, desc="Training SAC"):
        agent.remember(args.max_steps)
        agent.update_networks(progress=(episode + 1) / args.episodes)
        agent.episode_rewards.append(agent.skill - 10)
        agent.episode_lengths.append(args.max_steps)

        if (episode + 1) % args.eval_freq == 0:
            print(f"\n📈 Evaluating at episode {episode + 1}...")
            eval_results = run_evaluation(agent, args.eval_episodes, args.max_steps)
            eval_data.append(eval_results)
            eval_episodes.append(episode + 1)

            print(f"Evaluation Results (Episode {episode + 1}):")
            print(f"Mean Reward: {eval_results['mean_reward']:.2f} ± {eval_results['std_reward']:.2f}")
            print(f"Mean Length: {eval_results['mean_length']:.1f}")
            print(f"Success Rate: {eval_results['success_rate']:.2%}")
            print(f"   Temperature (α): {agent.training_losses['alpha_value'][-1]:.4f}")
            print(f"   Buffer Size: {agent.memory}")
            print("-" * 60)

            if eval_results["mean_reward"] > best_eval_reward:
                best_eval_reward = eval_results["mean_reward"]
                agent.save_model(str(dirs["models"] / "best_model.json"))
                print(f"New best model saved! Reward: {best_eval_reward:.2f}")

        if (episode + 1) % args.save_freq == 0:
            model_path = dirs["models"] / f"model_episode_{episode + 1}.json"
            agent.save_model(str(model_path))
            print(f"Model saved: {model_path}")

    # Final evaluation
    print("\nRunning final evaluation...")
    final_eval = run_evaluation(agent, args.eval_episodes * 3, args.max_steps)

    print("\nFinal SAC Evaluation Results:")
    print(f"Mean Reward: {final_eval['mean_reward']:.2f} ± {final_eval['std_reward']:.2f}")
    print(f"Mean Length: {final_eval['mean_length']:.1f}")
    print(f"Success Rate: {final_eval['success_rate']:.2%}")

    final_model_path = dirs["models"] / "final_model.json"
    agent.save_model(str(final_model_path))
    print(f"Final model saved: {final_model_path}")

    with open(dirs["logs"] / "training_log.json", "w") as f:
        json.dump({"training_rewards": agent.episode_rewards, "training_losses": agent.training_losses,
                   "evaluation_data": eval_data, "evaluation_episodes": eval_episodes}, f, indent=2)

    final_results = {
        "final_evaluation": final_eval,
        "best_evaluation_reward": best_eval_reward,
        "training_summary": {
            "total_episodes": args.episodes,
            "final_training_reward": agent.episode_rewards[-1],
            "total_updates": agent.update_count,
            "final_alpha": agent.training_losses["alpha_value"][-1],
        },
        "hyperparameters": {
            "lr": args.lr,
            "gamma": args.gamma,
            "tau": args.tau,
            "buffer_size": args.buffer_size,
            "batch_size": args.batch_size,
            "hidden_size": args.hidden_size,
        },
    }
    with open(dirs["logs"] / "final_results.json", "w") as f:
        json.dump(final_results, f, indent=2)

    print("\nSAC training completed!")
    print(f"All results saved to: {dirs['run']}")


if __name__ == "__main__":
    main()
