import typer

app = typer.Typer(help="Recognise tables in images.")
