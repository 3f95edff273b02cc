"""The slips people make, each as the small edit of a syntax tree that undoes it."""
