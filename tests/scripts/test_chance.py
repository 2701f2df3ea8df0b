"""Objectives whose single values are chance: means come first, else the last value counts, not the luckiest."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

AGENT = """import argparse
import numpy as np
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-3)
a = p.parse_args()
rewards, running = [], 10
for episode in range(99):
    reward = play(env)
    rewards.append(reward)
    running = 0.05 * reward + 0.95 * running
    loss.backward()
    optimizer.step()
    {line}
"""
LINES = {
    'print(f"Episode {episode} reward: {reward:.2f}")': ("reward", "last"),
    'print(f"Episode {episode} Last reward: {reward:.2f} Average reward: {running:.2f}")': ("average_reward", "best"),
    'print(f"Episode {episode} return: {reward:.2f} mean: {np.mean(rewards[-100:]):.2f}")': ("mean", "best"),
    'print("episode %d, reward %.2f, avg reward %.2f" % (episode, reward, running))': ("avg_reward", "best"),
    'print(f"episode={episode}, episodic_return={reward}")': ("episodic_return", "last"),
    'print(f"Episode {episode} score: {sum(rewards) / len(rewards):.2f}")': ("score", "best"),
}


def objective(folder: Path, text: str) -> tuple[str, str]:
    path = folder / "train.py"
    path.write_text(text)
    table = tomllib.loads(study_file_of_script(path, folder)[0])["objective"]
    return table["metric"], table.get("select", "best")


@pytest.mark.parametrize("line", LINES)
def test_a_mean_of_rewards_is_before_the_reward_of_one_episode(line: str, tmp_path: Path) -> None:
    assert objective(tmp_path, AGENT.format(line=line)) == LINES[line]


SUMS = ["total_reward", "cumulative_reward", "episode_reward", "reward_total", "ep_reward", "total_return"]
MESSAGES = {
    'print(f"Episode {{ep}}/{{episodes}} | Reward: {{{0}:.2f}} | Epsilon: {{epsilon:.3f}}")': "last",
    'print(f"Episode {{ep}}, Total Reward: {{{0}}}")': "last",
    'print("episode", ep, "reward:", {0})': "last",
    'print(f"Episode {{ep}} reward: {{{0} / (ep + 1):.2f}}")': "best",
    'print(f"Episode {{ep}} average reward: {{np.mean(history[-50:]):.2f}}")': "best",
}


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("name", SUMS)
def test_the_total_of_an_episode_is_of_that_episode_alone(name: str, message: str, tmp_path: Path) -> None:
    text = AGENT.replace("for episode in", "episodes, epsilon, history = 99, 0.1, []\nfor ep in")
    text = text.replace("reward = play(env)", f"{name} = 0\n    {name} += play(env)").replace("(reward)", f"({name})")
    found, select = objective(tmp_path, text.replace("* reward", f"* {name}").format(line=message.format(name)))
    assert "reward" in found.lower()
    assert select == MESSAGES[message]


TRAINS = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-3)
a = p.parse_args()
def main():
    total = 0.0
    for step in range(99):
        loss = model(step)
        total += loss.item()
        loss.backward()
        optimizer.step()
        {line}
    {after}
main()
"""
OF_TRAINING = {
    ('print(f"step {step} loss: {loss.item():.3f}")', ""): ("loss", "last"),
    ('print(f"step {step} train loss: {loss:.3f}")', ""): ("train_loss", "last"),
    ('print(f"step {step} acc: {acc:.3f}")', ""): ("acc", "last"),
    ('print(f"step {step} loss: {total / 10:.3f}")', ""): ("loss", "best"),
    ('print(f"step {step} avg loss: {total:.3f}")', ""): ("avg_loss", "best"),
    ('print(f"step {step} loss: {loss.item():.3f}")', 'print(f"val_loss: {test(m):.3f}")'): ("val_loss", "best"),
    ('print(f"step {step} acc: {acc:.3f}")', "model.eval()"): ("acc", "best"),
    ('print(f"step {step} acc: {acc:.3f}")', "acc = accuracy(model, test_data)"): ("acc", "best"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "after"), OF_TRAINING)
def test_the_last_value_of_single_batches_counts_not_the_luckiest(line: str, after: str, tmp_path: Path) -> None:
    assert objective(tmp_path, TRAINS.format(line=line, after=after)) == OF_TRAINING[line, after]
