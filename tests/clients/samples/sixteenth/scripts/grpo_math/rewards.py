import re


def extract_answer(text):
    m = re.search(r"<answer>(.*?)</answer>", text, re.S)
    return m.group(1).strip() if m else None


def correctness_reward(prompts, completions, answer, **kwargs):
    return [2.0 if extract_answer(c) == a else 0.0 for c, a in zip(completions, answer)]


def format_reward(completions, **kwargs):
    return [0.5 if re.search(r"<think>.*?</think>\s*<answer>.*?</answer>", c, re.S) else 0.0 for c in completions]
