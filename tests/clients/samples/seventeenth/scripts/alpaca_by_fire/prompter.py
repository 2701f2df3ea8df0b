class Prompter:
    def __init__(self, template_name="alpaca"):
        self.template = "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"

    def generate_prompt(self, instruction, input=None, label=None):
        return self.template.format(instruction=instruction, input=input or "") + (label or "")
