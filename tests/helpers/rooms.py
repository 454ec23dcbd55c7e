"""The rooms of the package and what each may import, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "msds"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "text", "version", "status", "files", "locks", "places", "rows"),
    ("method", "images", "pairs"),
    ("trunks",),
    ("engines", "encoding"),
    ("metric",),
    ("models",),
    ("torchmetrics", "results", "report"),
    ("scoring",),
    ("gallery",),
    ("study", "web", "sweeps", "cluster", "video"),
    ("cli",),
)
"""From the ground up: a room imports what stands on floors below its own."""

BESIDE = {
    # On one floor, what may import what.
    ("files", "errors"),
    ("files", "locks"),
    ("locks", "errors"),
    ("places", "errors"),
    ("rows", "errors"),
    ("rows", "text"),
    ("rows", "files"),
    ("images", "method"),
}


def floor(room: str) -> int:
    """Which floor a room is on; a KeyError for one that has no place yet."""
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise KeyError(f"{room} has no place in tests/helpers/rooms.py")


def module_of(path: Path) -> str:
    """Dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, everywhere: bool = True) -> Iterator[str]:
    """Modules of this package that a file imports, also within functions.

    Without `everywhere`, only what is imported when the file itself is: what stands in functions
    and under TYPE_CHECKING is left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else _at_import(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "msds")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "msds":
            for alias in node.names:
                below = PACKAGE.joinpath(*str(node.module).split(".")[1:], alias.name)
                is_module = below.with_suffix(".py").is_file() or below.is_dir()
                yield f"{node.module}.{alias.name}" if is_module else str(node.module)


def _at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if isinstance(node, ast.ClassDef):
                pending += node.body
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            pending += getattr(node, field, [])


def room_of(module: str) -> str:
    """The room a module is in, or "msds" for the package's own face."""
    return module.split(".")[1] if "." in module else "msds"


def arrows() -> dict[tuple[str, str], list[str]]:
    """Rooms that import each other, with the files that do it."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        here = room_of(module_of(path))
        if here in ("msds", "__main__"):
            continue
        for there in {room_of(name) for name in imports(path)} - {here}:
            found.setdefault((here, there), []).append(str(path.relative_to(PACKAGE)))
    return found
