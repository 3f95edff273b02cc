w_rows = np.reshape(w, (F, -1))
