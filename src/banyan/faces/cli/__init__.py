"""The command line: ``banyan``.  Every command explains itself; errors list every problem and earn an exit code."""

from __future__ import annotations

import os
from typing import Any

import click

from banyan.base.errors import EXIT_CODE, BanyanError


class Banyan(click.Group):
    """The root command: loads commands by name, so that help is quick, and speaks errors plainly."""

    COMMANDS = {
        "demo": ("banyan.faces.cli.house", "demo"),
        "serve": ("banyan.faces.cli.house", "serve"),
        "worker": ("banyan.faces.cli.house", "worker"),
        "migrate": ("banyan.faces.cli.house", "migrate"),
        "check": ("banyan.faces.cli.house", "check"),
        "town": ("banyan.faces.cli.town", "town"),
        "requests": ("banyan.apps.service_requests.cli", "requests"),
        "audit": ("banyan.apps.audit.cli", "audit"),
        "open311": ("banyan.faces.cli.open311", "open311"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        from importlib import import_module

        if cmd_name not in self.COMMANDS:
            return None
        _set_up()
        module, name = self.COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BanyanError as error:
            raise Told(error) from error


class Told(click.ClickException):
    """An error of ours on the command line: its sentence, each problem on a line, its exit code."""

    def __init__(self, error: BanyanError) -> None:
        from banyan.kit.problem import spoken, spoken_problems

        lines = [
            f"  - {p['where']}: {p['sentence']}" if p["where"] else f"  - {p['sentence']}"
            for p in spoken_problems(error)
        ]
        super().__init__("\n".join([spoken(error), *lines]))
        setattr(self, "exit_code", EXIT_CODE[error.kind])  # noqa: B010  (a class variable in Click, one for each error here)


def _set_up() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.faces.settings")
    django.setup()


@click.group(cls=Banyan, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="banyan")
def main() -> None:
    """Run a town: reports, dispatch, verification, history.

    \b
    First steps:
      banyan demo                      a demonstration town, with accounts for each role
      banyan migrate                   prepare a database of your own
      banyan town found --help         found a town
      banyan serve  and  banyan worker the two processes that a town needs

    Settings come from the environment (BANYAN_...); docs/reference/settings.md lists them.
    """
