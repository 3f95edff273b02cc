"""`python -m backpropviz`."""

from backpropviz.cli import main

main()
