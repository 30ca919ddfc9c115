"""``ariane check``: what is wrong with a brand's definitions."""

import typer

from cli.brand_choice import BrandOption, chosen
from cli.brand_files import checked
from cli.command_options import JsonOption
from cli.report import out, print_json


def check(brand: BrandOption = None, as_json: JsonOption = False) -> None:
    """Validate the definitions: every problem and every likely mistake, with its file and line. Exit code 1 if there is a problem."""
    found = checked(chosen(brand))
    if as_json:
        print_json([problem.as_json() for problem in found.problems])
    else:
        for problem in found.problems:
            print(problem)
        out.print(found.sentence(), markup=False, highlight=False, soft_wrap=True)
    if found.errors:
        raise typer.Exit(1)
