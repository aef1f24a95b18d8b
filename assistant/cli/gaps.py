"""`citewell gaps`: what was asked and the documents do not say, and asking it again."""

from typing import Annotated, Any

import typer

from assistant.cli.output import HomeDir, Json, WrongUsage, counted, perform, print_json, print_text

gaps = typer.Typer(help="What was asked and the documents do not say.", no_args_is_help=True)


@gaps.command("list")
def list_gaps(as_json: Json = False, home: HomeDir = None) -> None:
    """List the gaps, those that were asked for most in the last weeks first."""
    result = perform("list_gaps", {}, home)
    if as_json:
        print_json(result)
        return
    for gap in result["gaps"]:
        facts = f"{counted(gap['questions'], 'question')}, {gap['answered']} answered now, {gap['state']}"
        print_text(f"{gap['id']:>5}  {gap['name']}  ({facts})")
    if not result["gaps"]:
        print_text("Nothing was asked that the documents do not answer.")


@gaps.command("reask")
def reask(
    gap_ids: Annotated[list[int] | None, typer.Argument(metavar="GAP...", help="Their numbers; see gaps list.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are to be closed, without a model.")] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Ask the open questions of gaps again; a gap closes where each has an answer now."""
    if every == bool(gap_ids):
        raise WrongUsage("Give the numbers of gaps, or --all.")
    work: dict[str, Any] = {"collection_id": None} if every else {"gap_ids": gap_ids}
    result = perform("ask_gaps_again", work, home)
    if as_json:
        print_json(result)
        return
    left = f"; {counted(result['left'], 'question')} more wait for the next time" if result["left"] else ""
    print_text(f"Asked {counted(result['asked'], 'question')} again: {result['answered']} have an answer now{left}.")
