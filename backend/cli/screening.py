"""Checking labels without a service."""

import sys
from typing import Annotated

import typer

from backend.cli import setup
from backend.services import screening

commands = typer.Typer()


@commands.command()
def screen(
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, in and out.")] = False,
) -> None:
    """Check labels from standard input against every allergen.

    Each line in: `{"id": ..., "text": ..., "lang": ...}`. Each line out: `{"id", "contains", "may_contain",
    "findings": [{"start", "end", ...}]}` with offsets in Unicode code points into the text.
    """
    if not jsonl:
        setup.fail("Give --jsonl and labels on standard input.")
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream when run from a shell
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # as above
    try:
        for line in screening.answer_labels(sys.stdin):
            typer.echo(line)
    except screening.LabelLineError as error:
        setup.fail(str(error))
    except UnicodeDecodeError:
        setup.fail("Standard input is not UTF-8.")
