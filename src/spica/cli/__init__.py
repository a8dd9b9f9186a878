"""The command line: `main` picks the command, each command is a file."""
