"""One thread for all that multiplies: read once, when NumPy is loaded, and so before any other conftest."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
