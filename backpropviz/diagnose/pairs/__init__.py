"""What is right: the layers, their conventions, the configurations they are run on, and the right values for each."""
