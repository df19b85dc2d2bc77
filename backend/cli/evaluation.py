"""Measuring how good the screening is, on labels of which somebody said what they hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backend.cli import setup
from backend.services import screening

commands = typer.Typer(no_args_is_help=True, help="Measure how good the screening is.")

_File = Annotated[Path, typer.Argument(help="One JSON object a line.", exists=True, dir_okay=False)]
_Language = Annotated[str | None, typer.Option(help="Score labels of this language alone.")]


@commands.command()
def labels(
    file: _File,
    *,
    hand_entered: Annotated[
        bool, typer.Option("--hand-entered", help="Score labels alone whose allergens a person entered.")
    ] = False,
    lang: _Language = None,
) -> None:
    """Score `contains` against declared allergens, in all, by language and by group.

    Each line: `{"text", "lang", "contains": [codes of the EU's groups], "hand_entered"}`. P is precision, R
    recall with Wilson's interval of 95 %; in R+trace an answer of `may_contain` counts.
    """
    with _opened(file) as lines:
        scores = screening.score_labels(lines, hand_entered=hand_entered, lang=lang)
    for score in scores:
        low, high = score.interval
        typer.echo(
            f"{score.name:14} n={score.labels:5} P={score.precision:.3f} R={score.recall:.3f} "
            f"[{low:.3f},{high:.3f}] R+trace={score.recall_with_traces:.3f} "
            f"tp={score.right} fp={score.surplus} fn={score.missed}"
        )


@commands.command()
def spans(file: _File, *, lang: _Language = None) -> None:
    """Score the words that labels emphasise as allergens: how many some finding overlaps, by language.

    Each line: `{"text", "lang", "spans": [[start, end], ...]}` with offsets in code points.
    """
    with _opened(file) as lines:
        scores = screening.score_spans(lines, lang=lang)
    for score in scores:
        low, high = score.interval
        typer.echo(f"{score.name:4} spans={score.spans:6} recall={score.recall:.3f} [{low:.3f},{high:.3f}]")


@contextmanager
def _opened(file: Path) -> Iterator[Iterator[str]]:
    try:
        with file.open(encoding="utf-8") as lines:
            yield lines
    except screening.LabelLineError as error:
        setup.fail(str(error))
    except UnicodeDecodeError:
        setup.fail("The file is not UTF-8.")
