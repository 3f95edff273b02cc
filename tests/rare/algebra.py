"""Products and linear algebra as they are rarely written. The shapes of the inputs stand in the docstrings."""

import numpy as np


def einsum_names(x, w):
    """x: N, C, H; w: C, M"""
    y = np.einsum("nch,cm->nmh", x, w, optimize=True)
    return y


def einsum_implicit(x, y):
    """x: N, D; y: D, N"""
    return np.einsum("ij,ji", x, y) * np.einsum("ij->j", x)


def einsum_ellipsis(x, y):
    """x: N, C, H; y: N, H, C"""
    return np.einsum("...ij,...jk->...ik", x, y)


def einsum_diagonal(x):
    """x: N, N"""
    return np.einsum("ii->i", x) * np.einsum("ij->ji", x)


def einsum_three(x, w, y):
    """x: N, D; w: D, M; y: N, M"""
    return np.einsum("nd,dm,nm->n", x, w, y)


def einsum_by_numbers(x, y):
    """x: N, D; y: D, M"""
    return np.einsum(x, [0, 1], y, [1, 2], [0, 2])


def einsum_into(x, y):
    """x: N, D; y: N, D"""
    out = np.empty(len(x))
    np.einsum("nd,nd->n", x, y, out=out)
    return out**2


def tensordot_axes(x, w):
    """x: N, C, H; w: M, H, C"""
    return np.tensordot(x, w, axes=([1, 2], [2, 1]))


def tensordot_number(x, w):
    """x: N, C; w: C, M"""
    return np.tensordot(x, w, 1) + np.tensordot(x, w, axes=0).sum(axis=(1, 2))


def matmul_batches(x, w):
    """x: N, C, H; w: H, M"""
    y = np.matmul(x, w)
    return y @ np.swapaxes(y, -1, -2)


def matmul_vectors(x, w, v):
    """x: N, D; w: D, D; v: D"""
    return x @ w @ v + v @ (w @ v)


def matmul_broadcast(x, w):
    """x: N, 1, D; w: M, D, C"""
    return (x[:, None] @ w).squeeze(2)


def matmul_into(x, w):
    """x: N, D; w: D, M"""
    out = np.empty((x.shape[0], w.shape[1]))
    np.matmul(x, w, out=out)
    out += 1
    return out**2


def dot_into(x, w):
    """x: N, D; w: D, M"""
    out = np.zeros((len(x), w.shape[1]))
    np.dot(x, w, out=out)
    return np.tanh(out)


def dots_of_three_axes(x, w):
    """x: N, C, D; w: D, M"""
    return np.dot(x, w) + x.dot(w).mean(axis=0)


def inner_outer_vdot(x, y):
    """x: N, D; y: M, D"""
    i = np.inner(x, y)
    o = np.outer(x[0], y[:, 0])
    return i.sum() * o + np.vdot(x, x)


def kron_product(x, y):
    """x: N, D; y: M, C"""
    return np.kron(x, y) ** 2


def cross_products(x, y):
    """x: N, 3; y: N, 3"""
    z = np.cross(x, y)
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def multi_dot(x, w, y):
    """x: N, D; w: D, M; y: M, C"""
    return np.linalg.multi_dot([x, w, y])


def norms(x):
    """x: N, D"""
    a = np.linalg.norm(x, axis=1, keepdims=True)
    b = np.linalg.norm(x, ord=1, axis=0)
    c = np.linalg.norm(x, "fro")
    d = np.linalg.norm(x, np.inf, axis=1, keepdims=True)
    return x / a * b + c * d


def matrix_norms(x):
    """x: N, D"""
    return x / np.linalg.norm(x, 1) + x * np.linalg.norm(x, np.inf)


def spectral_norm(x):
    """x: N, D"""
    return x / np.linalg.norm(x, 2)


def nuclear_norm(x):
    """x: N, D"""
    return x * np.linalg.norm(x, "nuc")


def inverse_of_gram(x):
    """x: N, D"""
    g = x.T @ x + np.eye(x.shape[1])
    return x @ np.linalg.inv(g)


def ridge(x, y):
    """x: N, D; y: N"""
    a = x.T @ x + 0.1 * np.identity(x.shape[1])
    w = np.linalg.solve(a, x.T @ y)
    return x @ w - y


def mahalanobis(x):
    """x: N, D"""
    c = x - x.mean(axis=0)
    cov = c.T @ c / len(x) + 0.2 * np.eye(x.shape[1])
    return np.einsum("ni,ij,nj->n", c, np.linalg.inv(cov), c)


def gaussian_likelihood(x, a):
    """x: N, D; a: D, D"""
    cov = a @ a.T + np.eye(len(a))
    sign, logdet = np.linalg.slogdet(cov)
    quad = np.sum(x * np.linalg.solve(cov, x.T).T, axis=1)
    return -0.5 * (quad + sign * logdet + x.shape[1] * np.log(2 * np.pi))


def whitening(x):
    """x: N, D"""
    cov = x.T @ x / len(x) + 0.5 * np.eye(x.shape[1])
    low = np.linalg.cholesky(cov)
    return np.linalg.solve(low, x.T).T


def pca_whitening(x):
    """x: N, D"""
    cov = x.T @ x / len(x) + np.diag(np.arange(x.shape[1]) + 0.5)
    values, vectors = np.linalg.eigh(cov)
    return x @ vectors / np.sqrt(values)


def zca_whitening(x):
    """x: N, D"""
    cov = x.T @ x / len(x) + 0.5 * np.eye(x.shape[1])
    values, vectors = np.linalg.eigh(cov)
    return x @ (vectors * values**-0.5) @ vectors.T


def eigenvalues_only(x):
    """x: N, N"""
    return np.linalg.eigvalsh(x + x.T) ** 2


def singular_values(x):
    """x: N, D"""
    s = np.linalg.svd(x, compute_uv=False)
    return np.log(s).sum() * x


def low_rank(x):
    """x: N, D"""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return u[:, :2] * s[:2] @ vt[:2]


def soft_thresholding(x):
    """x: N, D"""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    shrunk = np.maximum(s - 0.3, 0)
    return (u * shrunk) @ vh


def stacked_svd(x):
    """x: N, C, H"""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.einsum("nik,nk,nkj->nij", u, s**2, vh)


def qr_factors(x):
    """x: H8, D"""
    q, r = np.linalg.qr(x)
    return q @ np.tanh(r)


def qr_steps(x):
    """x: N, N"""
    a = x @ x.T + np.eye(len(x))
    for _ in range(3):
        q, r = np.linalg.qr(a)
        a = r @ q
    return np.diag(a)


def least_squares(x, y):
    """x: H8, D; y: H8"""
    w, *_ = np.linalg.lstsq(x, y, rcond=None)
    return y - x @ w


def least_squares_of_many(x, y):
    """x: H8, D; y: H8, M"""
    w = np.linalg.lstsq(x, y, rcond=None)[0]
    return (x @ w - y) ** 2


def pseudo_inverse(x, y):
    """x: N, D; y: N"""
    return np.linalg.pinv(x) @ y


def determinant_of_stack(x):
    """x: N, C, C"""
    return np.linalg.det(x + 2 * np.eye(x.shape[-1])) * x[:, 0, 0]


def powers_of_matrix(x):
    """x: N, N"""
    return np.linalg.matrix_power(0.5 * x, 3) + np.linalg.matrix_power(x + 3 * np.eye(len(x)), -1)


def covariances(x):
    """x: N, D"""
    return np.cov(x, rowvar=False) + np.corrcoef(x.T)


def convolved(x, k):
    """x: H8; k: 3"""
    return np.convolve(x, k, mode="same") * np.correlate(x, k, "full")[1:-1]


def spectrum(x):
    """x: N, H8"""
    f = np.fft.rfft(x, axis=-1)
    return np.abs(f) ** 2


def filtered_by_fft(x, k):
    """x: N, H8; k: H8"""
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(k), n=x.shape[1])


def complex_inside(x, y):
    """x: N, D; y: N, D"""
    z = x + 1j * y
    w = z * np.exp(1j * 0.3)
    return w.real * np.imag(w) + np.abs(z)


def random_mask_inside(x):
    """x: N, D"""
    mask = (np.random.rand(*x.shape) > 0.5) / 0.5
    return x * mask


def random_generator_inside(x, w):
    """x: N, D; w: D, M"""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(x.shape[0], w.shape[1]))
    return x @ w + 0.1 * noise


def random_seeded_mask(x):
    """x: N, D"""
    np.random.seed(0)
    keep = np.random.binomial(1, 0.8, size=x.shape)
    return x * keep / 0.8


def random_permutation(x):
    """x: N, D"""
    order = np.random.default_rng(0).permutation(x.shape[0])
    return x[order] * x
