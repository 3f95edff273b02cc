"""Fourier transforms over several axes and what else complex numbers need, put together from gates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array
from backpropviz.primitives.composites import COMPOSITES


def _half_rolled(x: Any, axes: Any, back: int) -> Any:
    x = array(x)
    axes = tuple(range(x.ndim)) if axes is None else (axes,) if np.ndim(axes) == 0 else tuple(axes)
    return np.roll(x, tuple(-(x.shape[axis] // 2) if back else x.shape[axis] // 2 for axis in axes), axes)


def _transform(one: Any, last: Any, *, last_first: bool) -> Callable[..., Any]:
    """A Fourier transform over several axes: one after the other, `last` on the last of them."""

    def over(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        a = array(a)
        if axes is None:
            axes = tuple(range(a.ndim)) if s is None else tuple(range(-len(s), 0))
        sizes = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
        if not axes:
            return a
        *others, final = list(zip(axes, sizes))
        if last_first:
            a = last(a, n=final[1], axis=final[0], norm=norm)
        for axis, n in reversed(others) if last_first else others:
            a = one(a, n=n, axis=axis, norm=norm)
        return a if last_first else last(a, n=final[1], axis=final[0], norm=norm)

    return over


def _two(transform: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, s=None, axes=(-2, -1), norm=None: transform(a, s, axes, norm)


_fftn = _transform(np.fft.fft, np.fft.fft, last_first=True)


_ifftn = _transform(np.fft.ifft, np.fft.ifft, last_first=True)


_rfftn = _transform(np.fft.fft, np.fft.rfft, last_first=True)


_irfftn = _transform(np.fft.ifft, np.fft.irfft, last_first=False)


def _angle(z: Any, deg: bool = False) -> Any:
    z = array(z)
    turned = np.arctan2(np.imag(z), np.real(z)) if z.dtype.kind == "c" else np.arctan2(0.0, z)
    return turned * (180 / math.pi) if deg else turned


def _refuse_real_if_close() -> Any:
    raise NotImplementedError("np.real_if_close; np.real takes the real part")


COMPOSITES |= {
    np.angle: _angle,
    np.real_if_close: lambda a, tol=100: a if a.dtype.kind != "c" else _refuse_real_if_close(),
    np.fft.fftn: _fftn,
    np.fft.ifftn: _ifftn,
    np.fft.rfftn: _rfftn,
    np.fft.irfftn: _irfftn,
    np.fft.fft2: _two(_fftn),
    np.fft.ifft2: _two(_ifftn),
    np.fft.rfft2: _two(_rfftn),
    np.fft.irfft2: _two(_irfftn),
    np.fft.fftshift: lambda x, axes=None: _half_rolled(x, axes, 0),
    np.fft.ifftshift: lambda x, axes=None: _half_rolled(x, axes, 1),
}
