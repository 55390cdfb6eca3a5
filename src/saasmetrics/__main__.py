"""`python -m saasmetrics`."""

from saasmetrics.cli.app import main

main()
