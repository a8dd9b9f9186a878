"""Assets: the files of a project's `app/assets` under the names that browsers keep for a year, and Spica's own scripts.

    app/assets/app.css  --spica assets build-->  public/assets/app-1f0c….css   and its .br, .gz, .zst
                                                 public/assets/.manifest.json  read when the application starts

`lookup.py` answers a name with its address; `build.py` makes the files, `stylesheet.py` finds what sheets name;
`shipped.py` has the scripts that come with Spica. The core sends the files (docs/reference/static-files.md).
"""
