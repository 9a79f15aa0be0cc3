#!/usr/bin/env python
"""Writes the TypeScript types of what the panels are sent, from their Python definitions.

    tools/panel_types.py           writes fiftyone_plugin/panels/js/src/types.ts
    tools/panel_types.py --check   fails where the committed file is not what is written

``fiftyone_plugin/curation/panel_types.py`` is read, never run: no package is needed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "fiftyone_plugin" / "curation" / "panel_types.py"
TARGET = ROOT / "fiftyone_plugin" / "panels" / "js" / "src" / "types.ts"

HEADER = """\
// Made from fiftyone_plugin/curation/panel_types.py by tools/panel_types.py; do not edit.
"""

_PLAIN = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}


def typescript(source: str) -> str:
    """The TypeScript of a module's ``TypedDict`` classes and type aliases."""
    return "\n".join([HEADER, *_declarations(ast.parse(source))])


def _declarations(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield _interface(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield f"export type {node.targets[0].id} = {_type(node.value)};\n"


def _interface(node: ast.ClassDef) -> str:
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    extends = "".join(f" extends {base}" for base in bases if base != "TypedDict")
    lines = [*_comment(node), f"export interface {node.name}{extends} {{"]
    lines += [f"  {_member(one)};" for one in node.body if isinstance(one, ast.AnnAssign)]
    return "\n".join([*lines, "}\n"])


def _comment(node: ast.ClassDef) -> list[str]:
    text = (ast.get_docstring(node) or "").replace("``", "`").replace("`None`", "`null`")
    if "\n" not in text:
        return [f"/** {text} */"]
    return ["/**", *(f" * {line}".rstrip() for line in text.splitlines()), " */"]


def _member(node: ast.AnnAssign) -> str:
    name, annotation = ast.unparse(node.target), node.annotation
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
        return f"{name}?: {_type(annotation.slice)}"
    return f"{name}: {_type(annotation)}"


def _type(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and node.value is None:
        return "null"
    if isinstance(node, ast.Name):
        return _PLAIN.get(node.id, node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return f"{_type(node.left)} | {_type(node.right)}"
    if isinstance(node, ast.Subscript):
        return _generic(ast.unparse(node.value), node.slice)
    raise ValueError(f"line {node.lineno}: {ast.unparse(node)} has no TypeScript type")


def _generic(name: str, argument: ast.expr) -> str:
    if name == "Literal":
        values = argument.elts if isinstance(argument, ast.Tuple) else [argument]
        return " | ".join(f'"{ast.literal_eval(value)}"' for value in values)
    if name == "list":
        element = _type(argument)
        return f"({element})[]" if " | " in element else f"{element}[]"
    if name == "dict" and isinstance(argument, ast.Tuple):
        key, value = argument.elts
        return f"Record<{_type(key)}, {_type(value)}>"
    raise ValueError(f"line {argument.lineno}: {name}[...] has no TypeScript type")


def main() -> int:
    """Writes or compares the file; gives the exit status."""
    made = typescript(SOURCE.read_text("utf-8"))
    if "--check" not in sys.argv:
        TARGET.write_text(made, "utf-8")
    elif not TARGET.is_file() or TARGET.read_text("utf-8") != made:
        print("panel_types: types.ts is not what its source makes; run tools/panel_types.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
