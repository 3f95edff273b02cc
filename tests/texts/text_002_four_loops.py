down = 1 + (H + 2 * pad - HH) // stride
across = 1 + (W + 2 * pad - WW) // stride

framed = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
out = np.zeros((N, F, down, across))

for n in range(N):
   for i in range(down):
      for j in range(across):
         for f in range(F):
            out[n, f, i, j] = np.sum(
            framed[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] * w[f]) + b[f]
