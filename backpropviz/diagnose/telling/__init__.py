"""What was found out, in words: findings, hints, the page of a wrong line."""
