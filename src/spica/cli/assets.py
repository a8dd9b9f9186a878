"""`spica assets`: build, clean and list the files of app/assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from spica.cli.project import find_project

if TYPE_CHECKING:  # imported by the commands that need it
    from spica.assets.build import Built

app = App(
    name="assets",
    help="""Build the files of app/assets for production, list them, remove old ones.

For example:

    spica assets build
""",
    help_format="plaintext",
)


@app.command
def build() -> None:
    """Write every file of app/assets to public/assets, under a name with its hash, and compressed.

    What stands there already is kept. An application starts in production once this has run.

    For example:

        spica assets build
    """
    # Lazy: only these commands need them.
    from spica.assets.build import build_assets
    from spica.assets.sources import OUTPUT

    built = build_assets(find_project())
    for one in built:
        print(_describe(one))
    print(f"{len(built)} assets in {OUTPUT.as_posix()}")


@app.command
def clean(
    *, all: Annotated[bool, Parameter(name="--all", help="Also those of the last build, and its manifest.")] = False
) -> None:
    """Remove the files of earlier builds, which no page names any more; nothing that a build didn't write.

    For example:

        spica assets clean --all
    """
    # Lazy: as above.
    from spica.assets.build import clean_assets

    removed = clean_assets(find_project(), everything=all)
    for name in removed:
        print(f"removed {name}")
    print(f"{len(removed)} files removed")


@app.command(name="list")
def list_() -> None:
    """List the assets by name, with the address that each was built to.

    For example:

        spica assets list
    """
    # Lazy: as above.
    from spica.assets.manifest import read_manifest
    from spica.assets.sources import FOLDER, OUTPUT, list_sources

    root = find_project()
    manifest = read_manifest(root / OUTPUT)
    built = manifest.assets if manifest is not None else {}
    names = sorted({*list_sources(root / FOLDER), *built})
    width = max(map(len, names), default=0)
    for name in names:
        print(f"{name:{width}}  {built[name].path if name in built else 'not built'}")
    if not names:
        print(f"{FOLDER.as_posix()} has no files")


def _describe(built: Built) -> str:
    sizes = "".join(f", {suffix} {size:,}" for suffix, size in sorted(built.sizes.items()))
    return f"{built.name}  {built.path}  {built.size:,} octets{sizes}"
