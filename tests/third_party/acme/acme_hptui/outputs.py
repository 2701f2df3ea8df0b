"""An exporter, a section of reports, and a verb."""

import click

from hptui.plugins import Heading, Paragraph


def write_ini(request, view):
    texts = []
    for trial in request.trials:
        lines = [f"{name} = {value}" for name, value in view.settings(trial).items()]
        texts.append("\n".join([f"[trial-{trial.number}]", *lines]))
    return ("\n\n".join(texts) + "\n").encode()


def coverage(data, facts):
    yield Heading(2, ("Coverage",))
    yield Paragraph(
        ("The space was covered by ", *facts.count_with_noun("acme.trials", data.view.trials, "trial"), ".")
    )


@click.command("acme")
@click.argument("name")
def acme(name):
    """Greet."""
    click.echo(f"Acme greets {name}")
