"""`python -m annolake` is the command `annolake`."""

from annolake.cli import main

if __name__ == "__main__":
    main()
