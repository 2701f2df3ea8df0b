import json


def get_prompt(instruction: str) -> str:
    '''Format the instruction as a prompt for the LLM.'''
    return f"你是人工智慧助理，以下是用戶和人工智能助理之間的對話。你要對用戶的問題提供有用、安全、詳細和禮貌的回答。USER: {instruction} ASSISTANT:"


def load_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def add_prompt(example):
    return {"input": get_prompt(example["instruction"]), "output": example["output"]}
