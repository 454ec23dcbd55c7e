"""The reference of the command, from the command itself: a page a verb.

    python docs/hooks/commands.py FOLDER    # writes the pages as Markdown

mkdocs calls it as a hook and gets the pages without files; in the navigation they stand where
`reference/commands/index.md` stands.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from msds.cli.main import app

HOME = "reference/commands/index.md"
OPTIONS = "Options"
CALL = re.compile(r"(?:[A-Z_]+=\S+ )*msds ")
"""How an example begins, also one with variables of the environment before it."""
EXIT_STATUS = """\
## Exit status

| | |
|---:|---|
| 0 | done |
| 1 | some pairs failed or were left out |
| 2 | wrong call, an input that cannot be used, or an output that cannot be written |
| 3 | a condition is not met |
| 130 | stopped by Ctrl-C |
| 141 | whoever read the output has gone |
"""


def pages() -> dict[str, str]:
    """Text of every page, by its file's name: the index first, then the verbs in their order."""
    command = typer.main.get_command(app)
    verbs = dict(command.commands)  # type: ignore[attr-defined]
    rows = [f"- [`msds {name}`]({name}.md): {first_sentence(verb)}" for name, verb in verbs.items()]
    index = [
        "# The command",
        plain(command.help),
        "This part is made from the program: it is what `msds VERB --help` says.",
        "\n".join(rows),
        *panels(command, ""),
        EXIT_STATUS,
    ]
    found = {"index.md": "\n\n".join(index)}
    for name, verb in verbs.items():
        found[f"{name}.md"] = "\n\n".join(page(f"msds {name}", verb)) + "\n"
    return found


def page(name: str, verb: Any) -> Iterator[str]:
    """A verb, or a group of them, as parts of a page."""
    yield f"# {name}"
    if not hasattr(verb, "commands"):
        yield from described(name, verb, "##")
        return
    yield plain(verb.help)
    for each, below in verb.commands.items():
        yield f"## {name} {each}"
        yield from described(f"{name} {each}", below, "###", f"{each}-")


def described(name: str, verb: Any, heading: str, prefix: str = "") -> Iterator[str]:
    """What a verb does, its call, arguments and options, examples."""
    yield plain(verb.help)
    places = [argument(one) for one in verb.params if one.param_type_name == "argument"]
    yield f"```text\n{' '.join([name, '[OPTIONS]', *places])}\n```"
    yield from panels(verb, prefix, heading)
    yield from epilogue(verb.epilog or "", heading)


def panels(verb: Any, prefix: str, heading: str = "##") -> Iterator[str]:
    """Arguments, then options, as they are grouped in the help."""
    shown = [one for one in verb.params if not one.hidden and one.help]
    groups: dict[str, list[Any]] = {}
    for one in shown:
        kind = "Arguments" if one.param_type_name == "argument" else OPTIONS
        groups.setdefault(one.rich_help_panel or kind, []).append(one)
    for title, members in groups.items():
        yield f"{heading} {title}"
        entries = "\n".join(entry(one, prefix) for one in members)
        yield f'<dl class="options">\n{entries}\n</dl>'


def entry(one: Any, prefix: str) -> str:
    """An argument or option as a term and what it says."""
    is_argument = one.param_type_name == "argument"
    names = [argument(one)] if is_argument else [*one.opts, *one.secondary_opts]
    shown = ", ".join(f"<code>{html.escape(name)}</code>" for name in names)
    flag = is_argument or getattr(one, "is_flag", False)
    value = "" if flag else f' <span class="metavar">{html.escape(metavar(one))}</span>'
    place = prefix + max(one.opts, key=len).lstrip("-").lower()
    said = html.escape(" ".join(one.help.split()))
    return f'<dt id="{place}">{shown}{value}</dt>\n<dd>{said}{remark(one)}</dd>'


def remark(one: Any) -> str:
    """The range and the default of an option, where it has them."""
    parts = []
    low, high = getattr(one, "min", None), getattr(one, "max", None)
    if low is not None and high is not None:
        parts.append(f"{low} to {high}")
    elif low is not None or high is not None:
        parts.append(f"at least {low}" if high is None else f"at most {high}")
    default = one.default
    plain_value = isinstance(default, (str, int, float)) and not isinstance(default, bool)
    if plain_value and one.show_default and default != "":
        parts.append(f"default {default}")
    text = "; ".join(parts)
    return f' <span class="default">({html.escape(text)})</span>' if text else ""


def argument(one: Any) -> str:
    """The place of an argument in a call."""
    name = (one.metavar or one.name).upper().strip("[].")
    name = f"{name}..." if one.nargs == -1 or getattr(one, "multiple", False) else name
    return name if one.required else f"[{name}]"


def metavar(one: Any) -> str:
    """What an option takes."""
    if one.metavar:
        return str(one.metavar)
    kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
    names = {int: "INTEGER", float: "NUMBER", Path: "PATH"}
    return names.get(kind, "TEXT") if isinstance(kind, type) else "TEXT"


def epilogue(text: str, heading: str) -> Iterator[str]:
    """Examples and exit status, which the help shows as paragraphs."""
    lines: list[str] = []
    for part in (*filter(None, map(str.strip, text.split("\n\n"))), "[bold][/bold]"):
        title = re.fullmatch(r"\[bold\](.*)\[/bold\]", part)
        if title is None:
            lines.append(part)
            continue
        if lines and all(CALL.match(line) for line in lines):
            yield "```sh\n" + "\n".join(lines) + "\n```"
        elif lines:
            yield "\n".join(f"- {line}" for line in lines)
        lines = []
        if title[1]:
            yield f"{heading} {title[1]}"


def plain(text: str | None) -> str:
    """Help without the marks of its look; angle brackets are no HTML."""
    found = re.sub(r"\[/?(?:bold|dim|italic)\]", "", text or "").replace("\f", "")
    return html.escape(found, quote=False)


def first_sentence(verb: Any) -> str:
    """What the list of verbs says of one."""
    return plain(verb.help).split("\n\n")[0].replace("\n", " ")


def on_config(config: Any) -> Any:
    """The pages' places in the navigation."""
    names = [name.removesuffix(".md") for name in pages() if name != "index.md"]
    entries = [{f"msds {name}": HOME.replace("index", name)} for name in names]
    config["nav"] = _unfolded(config["nav"], [{"Overview": HOME}, *entries])
    return config


def on_files(files: Any, config: Any) -> Any:
    """The pages themselves."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, HOME.replace("index.md", name), content=text))
    return files


def _unfolded(nav: Sequence[Any], entries: list[Any]) -> list[Any]:
    """The navigation with the entry of the index replaced by one of all pages."""
    found: list[Any] = []
    for item in nav:
        (title, value) = next(iter(item.items())) if isinstance(item, dict) else ("", item)
        if value == HOME:
            value = entries
        elif isinstance(value, list):
            value = _unfolded(value, entries)
        found.append({title: value} if isinstance(item, dict) else value)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
