"""`python -m msds` is the `msds` command."""

from msds.cli.main import main

main()
