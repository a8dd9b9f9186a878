"""`spica build`: what a server would make when it first needs it, made ahead: compiled templates and assets."""

from __future__ import annotations

import sys

from spica.cli.project import find_project


def build() -> int:
    """Compile every template into tmp/cache/templates, and write the assets of app/assets to public/assets.

    A server that finds the templates there starts without compiling any. What is out of date is compiled again when
    it is used, so this may be left out. Run it where the project is deployed. Exit code 1 when a template is wrong.

    For example:

        spica build
    """
    # Lazy: a mistyped command waits for none of this.
    from spica.app.project import COMPILED, load_templates
    from spica.assets.build import build_assets

    root = find_project()
    templates = load_templates(root, compiled=root / COMPILED)
    errors = templates.build()
    files = templates.compiled_files
    problems = [*map(str, errors), *([files.problem] if files is not None and files.problem else [])]
    if problems:
        print("\n\n".join(problems), file=sys.stderr)
        return 1
    print(f"{len(templates.names())} templates in {COMPILED}")
    assets = build_assets(root) if (root / "app" / "assets").is_dir() else []
    print(f"{len(assets)} assets")
    return 0
