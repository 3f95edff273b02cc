scores = patches.dot(w_rows.T) + b
