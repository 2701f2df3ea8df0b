import typer

from .app import app


@app.command(help="Print the version.")
def version():
    typer.echo("0.1.0")
