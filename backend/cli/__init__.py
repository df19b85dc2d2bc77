"""The `safeplate` command: one module for each group of commands, wiring only."""

import typer

from backend.cli import (
    audit,
    catalog,
    db,
    doctor,
    erasure,
    evaluation,
    keys,
    screening,
    serving,
    users,
    worker,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="May these people eat this?",
)
app.add_typer(serving.commands)
app.add_typer(worker.commands)
app.add_typer(screening.commands)
app.add_typer(doctor.commands)
app.add_typer(evaluation.commands, name="evaluate")
app.add_typer(keys.commands, name="keys")
app.add_typer(db.commands, name="db")
app.add_typer(users.commands, name="user")
app.add_typer(audit.commands, name="audit")
app.add_typer(erasure.commands, name="erasure")
app.add_typer(catalog.commands, name="catalog")
