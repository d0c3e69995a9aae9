"""`python -m haversack` is the command `haversack`."""

from haversack.cli.main import main

main()
