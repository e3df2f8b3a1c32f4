"""Make docs/cli.md: every command as its own --help tells it.

    python docs/cli_reference.py

The text is what the command line holds, laid out at a fixed width, so that the same program gives
the same page on any terminal. A test fails while the page is not that of the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer

from harken.cli import app

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 100
_TOP = """\
# The command line

```
python docs/cli_reference.py
```

makes this page from the program's own help. `harken COMMAND --help` shows the same at hand.

Exit status: 0 done, 1 failed, 2 wrong input or usage, 130 stopped by Ctrl-C. Tables and `--json` go
to standard output, progress and what was inferred to standard error.
"""


def commands() -> Iterator[tuple[str, typer.Context]]:
    """Each command with its full name, in the order of the program's help."""
    top = typer.main.get_command(app)
    yield from _below(typer.Context(top, info_name="harken", **top.context_settings))


def _below(context: typer.Context) -> Iterator[tuple[str, typer.Context]]:
    yield context.command_path, context
    for name, command in getattr(context.command, "commands", {}).items():
        yield from _below(typer.Context(command, info_name=name, parent=context))


def examples(context: typer.Context) -> list[str]:
    """The command lines that a command's help ends with."""
    told = context.command.epilog or ""
    return [line.strip() for line in told.removeprefix("Example: ").split("   ") if line.strip()]


def page() -> str:
    """The whole page."""
    return "\n".join([_TOP, *(_section(name, context) for name, context in commands())])


def _section(name: str, context: typer.Context) -> str:
    told = re.sub(r"\n\s*\n", "\n\n", (context.command.help or "").strip())
    parts = [f"## {name}", told, f"```text\n{_usage(context)}\n```"]
    if lines := examples(context):
        parts.append("```\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _usage(context: typer.Context) -> str:
    """Usage, arguments, options and commands, as plain text."""
    context.terminal_width = WIDTH
    formatter = context.make_formatter()
    context.command.format_usage(context, formatter)
    # Not `format_help`, which would draw boxes as wide as the terminal.
    context.command.format_options(context, formatter)
    return "\n".join(line.rstrip() for line in formatter.getvalue().strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Written: {PAGE}")
