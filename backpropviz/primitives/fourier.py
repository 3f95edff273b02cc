"""Complex numbers and Fourier transforms, on the way from real inputs to a real output.

The gradient of a complex z = a + ib is kept as dL/da - i dL/db: then every rule for an analytic function is the one
that real numbers have, without conjugates. A real value takes the real part of what comes back to it (`backward.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import gate

gate(np.real, "Re(x)", "The real part passes the gradient on.", ("1", lambda g, out, x: g))
gate(
    np.imag,
    "Im(x)",
    "The imaginary part passes the gradient on, turned by -i.",
    ("-i", lambda g, out, x: -1j * g if x.dtype.kind == "c" else 0 * g),
)
gate(
    np.conjugate,
    "conj(x)",
    "A conjugate conjugates the gradient.",
    ("conjugate", lambda g, out, x: np.conjugate(g)),
)


def _resized(g: Any, n: int, axis: int) -> Any:
    """`g` cut, or filled up with zeros, to `n` entries along `axis`: the adjoint of filling up, or cutting."""
    axis, given = axis % g.ndim, g.shape[axis]
    if given > n:
        return g[(slice(None),) * axis + (slice(0, n),)]
    return g if given == n else np.pad(g, [(0, n - given if a == axis else 0) for a in range(g.ndim)])


def _back(transform: Any) -> Any:
    def vjp(g: Any, out: Any, x: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
        return _resized(transform(g, axis=axis, norm=norm), x.shape[axis], axis)

    return vjp


for _function in (np.fft.fft, np.fft.ifft):
    gate(
        _function,
        f"{_function.__name__}(x)",
        "A Fourier transform is a symmetric matrix: the gradient is transformed the same way.",
        ("the same transform", _back(_function)),
        module="np.fft",
    )


def _rfft(g: Any, out: Any, x: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    length = x.shape[axis] if n is None else n
    # the frequencies that were left out got no gradient
    return _resized(np.real(np.fft.fft(g, n=length, axis=axis, norm=norm)), x.shape[axis], axis)


gate(
    np.fft.rfft,
    "rfft(x)",
    "The gradient of the frequencies is transformed the same way; of the result the real part is taken.",
    ("the same transform", _rfft),
    module="np.fft",
)
_OTHER_NORM: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _irfft(g: Any, out: Any, x: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    length = out.shape[axis]
    twice = np.full(length // 2 + 1, 2.0)  # every frequency stands for its negative, too
    twice[0] = 1.0
    if length % 2 == 0:
        twice[-1] = 1.0
    twice = twice.reshape((-1,) + (1,) * (out.ndim - 1 - axis % out.ndim))
    back = np.conjugate(np.fft.rfft(g, axis=axis, norm=_OTHER_NORM[norm])) * twice
    return _resized(back, x.shape[axis], axis)


gate(
    np.fft.irfft,
    "irfft(x)",
    "The gradient is transformed forward; a frequency that stands for its negative, too, gets twice that.",
    ("rfft, doubled inside", _irfft),
    module="np.fft",
)
