for i in range (down):
    for j in range(across):
        part = framed[:, :, i*stride: i*stride+HH, j*stride: j*stride+WW]
        product = part.reshape((N, -1, C, HH, WW)) * w.reshape((-1, F, C, HH, WW))
        out[:, :, i, j] = np.sum(product, axis=(2, 3, 4))
out += b.reshape((1, F, 1, 1))
