"""`python -m hptui` runs the `hptui` command."""

from hptui.cli.main import main

if __name__ == "__main__":
    main()
