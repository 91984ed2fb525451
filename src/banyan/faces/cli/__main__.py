"""``python -m banyan.faces.cli``: the command line."""

from banyan.faces.cli import main

if __name__ == "__main__":
    main(prog_name="banyan")
