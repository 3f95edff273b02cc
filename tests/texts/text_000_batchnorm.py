mean = np.sum(x, axis=0, keepdims=True) / N
spread = np.sum((x - mean) ** 2, axis=0, keepdims=True) / N
centered = x - mean
inverse = 1.0 / np.sqrt(spread + eps)
normal = centered * inverse
out = gamma * normal + beta
running_mean = momentum * running_mean + (1 - momentum) * mean
running_var = momentum * running_var + (1 - momentum) * spread
kept = (gamma, x, spread, mean, eps, centered, inverse, normal)
