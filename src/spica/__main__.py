"""`python -m spica`, where the command `spica` is not on the path."""

import sys

from spica.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
