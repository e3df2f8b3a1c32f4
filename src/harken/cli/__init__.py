"""The command line: parse, call the library, print."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harken.cli import (
    crossval,
    data,
    demo,
    evaluate,
    inspect,
    live,
    models,
    personalise,
    predict,
    score,
    search,
    serve,
    train,
)
from harken.core.errors import HarkenError

app = typer.Typer(
    help="Harken listens to motion sensors and tells what the wearer is doing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("crossval", epilog=crossval.EXAMPLE)(crossval.crossval)
app.command("search", epilog=search.EXAMPLE)(search.search)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("inspect", epilog=inspect.EXAMPLE)(inspect.inspect)
app.command("predict", epilog=predict.EXAMPLE)(predict.predict)
app.command("score", epilog=score.EXAMPLE)(score.score)
app.command("personalise", epilog=personalise.EXAMPLE)(personalise.personalise)
app.command("live", epilog=live.EXAMPLE)(live.live)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.command("models", epilog=models.EXAMPLE)(models.models)


def _print_version(asked: bool) -> None:
    if asked:
        import harken

        typer.echo(f"harken {harken.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; ends with SystemExit, never with a traceback for a user's mistake."""
    try:
        app(args=arguments, prog_name="harken")
    except HarkenError as error:
        _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror}", 2)


def _fail(message: str, status: int) -> None:
    sys.stderr.write(f"harken: {message}\n")
    sys.exit(status)
